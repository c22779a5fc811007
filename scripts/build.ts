/**
 * `npm run build`: makes `dist` of `src`. The command and the server become few files with all that they need in them, as a
 * thousand modules are slow to find and to load; the client stays as it is, with its types.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join, sep } from 'node:path'
import { build, type OutputChunk, type Plugin } from 'rolldown'
import { type Building, buildOf, isBuilt } from './built.ts'

const root = join(import.meta.dirname, '..')

/** Reads a file of its own package, so it stays where that file is. */
export const external = ['@scalar/fastify-api-reference']

/** The other build asks the environment at each word whether to print it: slow, and it would print values. */
const alias = { yaml: join(root, 'node_modules/yaml/browser/index.js') }

const ofHttp = Object.entries(Object.getOwnPropertyDescriptors(http)).flatMap(([name, { get }]) => (get ? [] : [name]))

/**
 * Parts of Node.js that a server would load and never use. To import `node:http` reads all that it exports, WebSocket too, for
 * which Node.js loads its own client of HTTP, of 15 MB: so it is imported without what it makes when it is read. Fastify asks
 * for HTTP/2, of 11 MB, whether it is to serve it or not.
 */
const parts: Readonly<Record<string, string>> = {
  'node:http': `const http = process.getBuiltinModule('node:http')
    export default http
    export const { ${ofHttp.join(', ')} } = http`,
  'node:http2': 'export {}',
}

const lighter: Plugin = {
  name: 'lighter',
  resolveId: (id, _importer, { kind }) =>
    id === 'node:http2' || (id === 'node:http' && kind === 'import-statement') ? `\0${id}` : null,
  load: (id) => (id.startsWith('\0') ? (parts[id.slice(1)] ?? null) : null),
}

/** A text of ASCII alone takes a byte a character in memory, and any other two. */
const ascii: Plugin = {
  name: 'ascii',
  generateBundle: (_options, bundle) => {
    for (const part of Object.values(bundle)) if (part.type === 'chunk') part.code = escaped(part.code)
  },
}

function escaped(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const ofCommand = (folder: string): Building => ({
  folder,
  sources: ['src/**/*', 'scripts/build.ts', 'package-lock.json'],
})

/** As `buildCommand`, unless it was built of these very sources: another process may be running what is there. */
export async function buildCommandOnce(folder: string): Promise<void> {
  if (!isBuilt(ofCommand(folder)) || !existsSync(join(folder, 'main.js'))) await buildCommand(folder)
}

/** Bundles the command, the server and its threads, into a folder beside `src`, with the licences of all. */
export function buildCommand(folder: string): Promise<void> {
  return buildOf(ofCommand(folder), () => bundle(folder))
}

async function bundle(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  const { output } = await build({
    input: {
      main: join(root, 'src/main.ts'),
      worker: join(root, 'src/store/sqlite/worker.ts'),
      'strength-worker': join(root, 'src/vault/strength-worker.ts'),
    },
    platform: 'node',
    external,
    resolve: { alias },
    plugins: [lighter, ascii],
    output: { dir: folder, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', comments: false },
    logLevel: 'warn',
  })
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), licencesOf(output.filter((part) => part.type === 'chunk')))
}

function licencesOf(chunks: readonly OutputChunk[]): string {
  const inside = `${sep}node_modules${sep}`
  const packages = new Set(
    chunks
      .flatMap(({ moduleIds }) => moduleIds)
      .filter((id) => id.includes(inside))
      .map((id) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0] ?? ''),
  )
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const files = globSync('{LICEN[CS]E,licen[cs]e,COPYING}*', { cwd: folder })
    return [`${name} ${version} (${license})`, ...files.map((file) => readFileSync(join(folder, file), 'utf8'))].join(
      '\n\n',
    )
  })
  return texts.join(`\n\n${'-'.repeat(80)}\n\n`)
}

/** With its declarations, and held to what every runtime has. */
export function buildClient(): void {
  rmSync(join(root, 'dist/client'), { recursive: true, force: true })
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['--project', 'tsconfig.client.json'], {
    cwd: root,
    stdio: 'inherit',
  })
}

if (import.meta.main) {
  await buildCommand(join(root, 'dist'))
  buildClient()
}
