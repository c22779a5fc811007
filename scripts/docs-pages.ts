/**
 * The documents as pages that the product serves itself, below `/portal/docs/`: written beside the built portal, whose looks
 * and policy they have. No script, no style of their own making, nothing from elsewhere.
 */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Marked, Renderer } from 'marked'
import { anchorOf } from './docs-slug.ts'

const root = join(import.meta.dirname, '..')
const base = '/portal/docs'

interface Doc {
  /** Its file without the end, such as `cli`. */
  readonly name: string
  readonly title: string
  readonly text: string
}

/** In the order in which they are read. What is in no group comes last. */
const groups: readonly (readonly [label: string, ...names: readonly string[]])[] = [
  ['Get started', 'concepts', 'portal', 'cli', 'users'],
  [
    'Use secrets',
    ...[
      'environments',
      'undo',
      'api',
      'client',
      'templates',
      'webhooks',
      'pipelines',
      'workload-identity',
      'kubernetes',
      'terraform',
    ],
    ...['cloud-init', 'machines', 'agent', 'scan', 'import-export', 'netactuate'],
  ],
  [
    'Run Strongroom',
    'deployment',
    'operations',
    'high-availability',
    'backup',
    'observability',
    'audit-sinks',
    'audit-archive',
    'security',
  ],
  ['Internals', 'architecture', 'formats', 'performance'],
]

/** Writes a page for each of `docs/*.md`, and one that leads to them. @param folder of the built portal */
export function writeDocsPages(folder: string): void {
  const docs = globSync('docs/*.md', { cwd: root })
    .sort()
    .map((path) => docOf(basename(path, '.md'), readFileSync(join(root, path), 'utf8')))
  const place = join(folder, 'docs')
  mkdirSync(place, { recursive: true })
  const write = (name: string, content: string) => writeFileSync(join(place, name), content)
  write('docs.css', stylesOf(folder))
  write('index.html', pageOf('Docs', indexOf(docs), docs, undefined))
  for (const doc of docs) write(`${doc.name}.html`, pageOf(doc.title, htmlOf(doc), docs, doc.name))
}

function docOf(name: string, text: string): Doc {
  return { name, title: /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '') ?? name, text }
}

function htmlOf({ text }: Doc): string {
  const anchors = new Set<string>()
  const marked = new Marked({ gfm: true })
  marked.use({
    renderer: {
      heading({ tokens, depth, text: heading }) {
        const content = this.parser.parseInline(tokens)
        return `<h${depth} id="${escaped(anchorOf(heading, anchors))}">${content}</h${depth}>\n`
      },
      link({ href, tokens }) {
        const content = this.parser.parseInline(tokens)
        const target = targetOf(href)
        return target === undefined ? content : `<a href="${escaped(target)}">${content}</a>`
      },
      table(token) {
        // A head that says nothing is none.
        const content = Renderer.prototype.table.call(this, token).replaceAll('<th></th>', '<td></td>')
        return `<div class="table" tabindex="0">${content}</div>\n`
      },
      code({ text: code }) {
        return `<pre tabindex="0"><code>${escaped(code)}\n</code></pre>\n`
      },
      // Pictures are not served, and what is written as HTML is for GitHub, or for who writes the documents.
      image: () => '',
      html: () => '',
    },
  })
  return marked.parse(text, { async: false })
}

/** Other documents are pages; what else is in the repository is not here. */
function targetOf(href: string): string | undefined {
  if (/^(https:\/\/|#)/.test(href)) return href
  const [, name, anchor = ''] = /^([\w-]+)\.md(#.*)?$/.exec(href) ?? []
  return name === undefined ? undefined : `${base}/${name}.html${anchor}`
}

function grouped(docs: readonly Doc[]): readonly (readonly [label: string, docs: readonly Doc[]])[] {
  const known = new Set(groups.flatMap(([, ...names]) => names))
  const others = docs.filter(({ name }) => !known.has(name))
  const listed = groups.map(([label, ...names]) => {
    return [label, names.flatMap((name) => docs.find((doc) => doc.name === name) ?? [])] as const
  })
  return others.length === 0 ? listed : [...listed, ['More', others] as const]
}

function indexOf(docs: readonly Doc[]): string {
  const lists = grouped(docs).map(([label, those]) => `<h2>${label}</h2>\n<ul>${those.map(lineOf).join('')}</ul>`)
  return `<h1>Docs</h1>\n${lists.join('\n')}\n<p>The <a href="/docs">API reference</a> describes every call.</p>`
}

function lineOf({ name, title }: Doc): string {
  return `<li><a href="${base}/${name}.html">${escaped(title)}</a></li>`
}

function pageOf(title: string, content: string, docs: readonly Doc[], current: string | undefined): string {
  const links = grouped(docs).map(([label, those]) => {
    const lines = those.map(({ name, title: other }) => {
      const here = name === current ? ' aria-current="page"' : ''
      return `<li><a href="${base}/${name}.html"${here}>${escaped(other)}</a></li>`
    })
    return `<p>${label}</p><ul>${lines.join('')}</ul>`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} · Strongroom docs</title>
<link rel="icon" href="/portal/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${base}/docs.css">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header><a href="/portal/"><strong>Strongroom</strong></a><a href="${base}/index.html">Docs</a><a href="/docs">API reference</a></header>
<div class="columns">
<main id="main" tabindex="-1">
${content}
</main>
<nav aria-label="Docs">${links.join('')}</nav>
</div>
</body>
</html>
`
}

/** The portal's own colours and type; its fonts where the build has put them. */
function stylesOf(folder: string): string {
  const tokens = readFileSync(join(root, 'portal/src/style/tokens.css'), 'utf8').replaceAll(
    /url\("@fontsource-variable\/inter\/files\/([\w-]+)\.woff2"\)/g,
    (_, name: string) => {
      const [font = ''] = globSync(`assets/${name}-*.woff2`, { cwd: folder })
      return `url("/portal/${font}")`
    },
  )
  return tokens + readFileSync(join(root, 'portal/src/style/docs.css'), 'utf8')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
