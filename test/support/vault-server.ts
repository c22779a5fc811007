/** A server that answers as the key/value engines of OpenBao and Vault do: their HTTP API, written down from its documentation. */
import { createServer, type IncomingMessage } from 'node:http'
import type { Lasting } from './server.ts'

export interface HeldVersion {
  /** As the text of JSON, so that numbers are as they are written. */
  readonly data: string
  deletion?: string
  isDestroyed?: boolean
}

interface Held {
  readonly versions: Map<number, HeldVersion>
  custom: Readonly<Record<string, string>> | null
}

type Answer = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>]

export interface VaultServer {
  readonly origin: string
  readonly secrets: Map<string, Held>
  /** The requests, as their path and query. */
  readonly asked: string[]
  /** Answers in the place of the engine, where it gives something. */
  misbehave: ((path: string) => Answer | undefined) | undefined
  /** 1 or 2; null for what is none. */
  kind: string | null
  /** Stores the next version. */
  put(path: string, data: string, custom?: Readonly<Record<string, string>>): HeldVersion
}

export const vaultToken = 's.planted-token'
const time = '2026-01-15T10:30:00.123456789Z'
export const denied: Answer = [403, '{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}']
const nothing: Answer = [404, '{"errors":[]}']

export async function startVaultServer(t: Lasting): Promise<VaultServer> {
  const held: VaultServer = {
    ...{ origin: '', secrets: new Map(), asked: [], misbehave: undefined, kind: '2' },
    put(path, data, custom) {
      const found: Held = held.secrets.get(path) ?? { versions: new Map(), custom: null }
      const version: HeldVersion = { data }
      found.versions.set(Math.max(0, ...found.versions.keys()) + 1, version)
      if (custom !== undefined) found.custom = custom
      held.secrets.set(path, found)
      return version
    },
  }
  const server = createServer((request, reply) => {
    const [status, body, headers = {}] = answerTo(held, request)
    reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return Object.assign(held, { origin: `http://127.0.0.1:${port}` })
}

function envelope(data: string): string {
  const before = '"request_id":"c3a5b1f0","lease_id":"","renewable":false,"lease_duration":0'
  return `{${before},"data":${data},"wrap_info":null,"warnings":null,"auth":null}`
}

function answerTo(held: VaultServer, { url = '', headers }: IncomingMessage): Answer {
  held.asked.push(url)
  const { pathname, searchParams } = new URL(url, 'http://vault')
  const path = decodeURIComponent(pathname)
  const instead = held.misbehave?.(url)
  if (instead !== undefined) return instead
  if (headers['x-vault-token'] !== vaultToken) return [403, '{"errors":["permission denied"]}']
  if (path === '/v1/sys/internal/ui/mounts/kv') {
    const options = held.kind === null ? 'null' : `{"version":"${held.kind}"}`
    const type = held.kind === null ? 'transit' : 'kv'
    return [200, envelope(`{"accessor":"kv_1","options":${options},"path":"kv/","type":"${type}"}`)]
  }
  const isList = searchParams.get('list') === 'true'
  if (held.kind === '1') {
    const name = path.replace('/v1/kv/', '')
    if (isList) return listed(held, name)
    const newest = [...(held.secrets.get(name)?.versions.values() ?? [])].at(-1)
    return newest === undefined ? nothing : [200, envelope(newest.data)]
  }
  const [, part, name = ''] = /^\/v1\/kv\/(data|metadata)\/(.*)$/.exec(path) ?? []
  if (part === 'metadata' && isList) return listed(held, name)
  const found = held.secrets.get(name)
  if (found === undefined) return nothing
  return part === 'metadata' ? metadata(found) : version(found, Number(searchParams.get('version') ?? 0))
}

function listed({ secrets }: VaultServer, folder: string): Answer {
  const below = [...secrets.keys()].filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length))
  const keys = [...new Set(below.map((path) => path.replace(/\/.*$/s, '/')))].sort()
  return keys.length === 0 ? nothing : [200, envelope(JSON.stringify({ keys }))]
}

function stateOf({ deletion = '', isDestroyed = false }: HeldVersion): string {
  return `"created_time":"${time}","deletion_time":"${deletion}","destroyed":${isDestroyed}`
}

function metadata({ versions, custom }: Held): Answer {
  const each = [...versions].map(([number, one]) => `"${number}":{${stateOf(one)}}`)
  const newest = Math.max(0, ...versions.keys())
  const settings = '"cas_required":false,"delete_version_after":"0s","max_versions":0,"oldest_version":0'
  const times = `"created_time":"${time}","updated_time":"${time}"`
  const shown = `{${settings},${times},"current_version":${newest},"custom_metadata":${JSON.stringify(custom)},"versions":{${each.join()}}}`
  return [200, envelope(shown)]
}

/** One that is deleted or destroyed is 404 with what is known of it. */
function version({ versions, custom }: Held, wanted: number): Answer {
  const number = wanted === 0 ? Math.max(0, ...versions.keys()) : wanted
  const found = versions.get(number)
  if (found === undefined) return nothing
  const isGone = found.isDestroyed === true || Date.parse(found.deletion ?? '') < Date.now()
  const known = `{${stateOf(found)},"custom_metadata":${JSON.stringify(custom)},"version":${number}}`
  return [isGone ? 404 : 200, envelope(`{"data":${isGone ? 'null' : found.data},"metadata":${known}}`)]
}
