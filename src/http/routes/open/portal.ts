/** The portal at `/portal/`: the built pages, kept in memory, under a strict policy. Paths are looked up, never opened. */
import { globSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Refusal } from '../../../errors.ts'
import { packageRoot } from '../../../package-root.ts'
import type { OpenRoute } from '../../open-route.ts'
import { pageHeaders } from '../../page-headers.ts'

const defaultFolder = join(packageRoot, 'portal', 'dist')

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
}

/** Scripts and styles are files of ours; nobody else is asked, and no text becomes a script. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  ...pageHeaders,
  'permissions-policy':
    'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-create=(self), publickey-credentials-get=(self), clipboard-read=(), clipboard-write=(self)',
}

const notBuilt =
  'The portal is not built. Run "npm ci" (or "npm run build:portal") in the folder of Strongroom, then restart.'

/** The forms of one file. */
interface Page {
  readonly type: string
  /** Its name has a hash of its content, so that it never changes. */
  readonly isHashed: boolean
  readonly plain: Buffer
  readonly br: Buffer | undefined
  readonly gzip: Buffer | undefined
}

export const portalRoutes: readonly OpenRoute[] = [
  {
    path: '/portal',
    isHeadServed: true,
    isNeverShed: false,
    use: () => (_request, reply) => reply.redirect('/portal/', 308),
  },
  {
    path: '/portal/*',
    isHeadServed: true,
    isNeverShed: false,
    use: ({ portalDir = defaultFolder }) => {
      // When somebody first asks: many a server is asked by programs alone.
      let pages: ReadonlyMap<string, Page> | undefined
      return (request, reply) => {
        pages ??= load(portalDir)
        return answer(pages, request, reply)
      }
    },
  },
  {
    path: '/',
    isHeadServed: true,
    isNeverShed: false,
    use: () => (request, reply) => {
      if (request.headers.accept?.includes('text/html') === true) return reply.redirect('/portal/', 302)
      throw new Refusal('not_found', 'Nothing is at this path. See /docs for the API, and /portal/ for people.')
    },
  },
]

function answer(
  pages: ReadonlyMap<string, Page>,
  request: FastifyRequest<{ Params: Readonly<Record<string, string | undefined>> }>,
  reply: FastifyReply,
): FastifyReply {
  reply.headers(headers)
  const start = pages.get('index.html')
  if (start === undefined) throw new Refusal('not_found', notBuilt)
  const { '*': path = '' } = request.params
  const page = pages.get(/^docs\/?$/.test(path) ? 'docs/index.html' : path)
  if (page !== undefined && path !== 'index.html') return send(request, reply, page)
  // A file that is gone must not be a page: an old one would run it as a script.
  // A name of an environment may end as a file's does.
  const place = path.replace(/^@[^/]*\/?/, '')
  if (path.startsWith('assets/') || extname(place) !== '') throw new Refusal('not_found', 'Nothing is at this path.')
  return send(request, reply, start)
}

function load(folder: string): ReadonlyMap<string, Page> {
  const names = new Set(globSync('**/*.*', { cwd: folder }))
  const read = (name: string) => (names.has(name) ? readFileSync(join(folder, name)) : undefined)
  const pages = [...names].flatMap((name): [string, Page][] => {
    const type = types[extname(name)]
    const plain = type === undefined ? undefined : read(name)
    if (type === undefined || plain === undefined) return []
    const isHashed = name.startsWith('assets/')
    return [[name, { type, isHashed, plain, br: read(`${name}.br`), gzip: read(`${name}.gz`) }]]
  })
  return new Map(pages)
}

function send(
  { headers: { 'accept-encoding': accepted } }: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  page: Page,
): FastifyReply {
  reply.type(page.type).header('vary', 'accept-encoding')
  if (page.isHashed) reply.header('cache-control', 'public, max-age=31536000, immutable')
  const [encoding, bytes] = formOf(accepted, page)
  if (encoding !== undefined) reply.header('content-encoding', encoding)
  return reply.send(bytes)
}

function formOf(accepted: string | string[] | undefined, { br, gzip, plain }: Page) {
  const ranges = String(accepted ?? '')
    .split(',')
    .map((range) => range.trim().toLowerCase())
  const takes = (name: string) =>
    ranges.some((range) => range === name || new RegExp(`^${name}\\s*;\\s*q=(1|0\\.\\d*[1-9])`).test(range))
  if (br !== undefined && takes('br')) return ['br', br] as const
  if (gzip !== undefined && takes('gzip')) return ['gzip', gzip] as const
  return [undefined, plain] as const
}
