/** Where the trail is sent, as `STRONGROOM_AUDIT_SINKS` says it. */
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isOnThisHost, isThisHost } from '../this-host.ts'

/** Files that TLS is spoken with, each read when a connection is made. */
export interface SinkTls {
  readonly caPath: string | undefined
  readonly certPath: string | undefined
  readonly keyPath: string | undefined
}

export interface HttpPlace {
  readonly url: string
  readonly tls: SinkTls
  /** A file with headers, one in each line. */
  readonly headerPath: string | undefined
}

export type SinkPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdout' }
  | {
      readonly kind: 'syslog'
      readonly host: string
      readonly port: number
      /** `undefined` for plain TCP. */
      readonly tls: SinkTls | undefined
      readonly facility: number
      /** Whether the receiver must end its side, once it has read everything. */
      readonly isConfirmed: boolean
    }
  | ({
      readonly kind: 'http'
      /** A file with the key that requests are signed with. */
      readonly signingKeyPath: string | undefined
    } & HttpPlace)
  | ({ readonly kind: 'otlp' } & HttpPlace)

export interface SinkSettings {
  /** Under which its positions are kept. */
  readonly name: string
  /** Where it begins, when it runs for the first time. */
  readonly from: 'start' | 'now'
  /** Whose trails are sent; empty for those of all. */
  readonly accountIds: readonly number[]
  readonly place: SinkPlace
}

/** Why a text is none. It goes on behind the name of the setting, and repeats nothing of what stands there. */
class Unusable extends Error {
  override readonly name = 'Unusable'
}

const forms =
  'must be URLs separated by blanks: file:/…, stdout, syslog+tcp://…, syslog+tls://…, https://…, http://…, otlp+https://… or otlp+http://…'
/** Also the name of a lease, and a label of metrics. */
const nameForm = /^[a-z0-9][a-z0-9_.-]{0,62}$/
const maxSinks = 16
const syslogPort = 601
const syslogTlsPort = 6514
/** "log audit" (RFC 5424, section 6.2.1). */
const auditFacility = 13

/** @returns the sinks, or what is wrong with them, for behind the name of the setting */
export function parseSinks(text: string): readonly SinkSettings[] | string {
  try {
    const sinks = text.split(/\s+/).flatMap((part) => (part === '' ? [] : [parseSink(part)]))
    if (sinks.length > maxSinks) throw new Unusable(`must be at most ${maxSinks} URLs`)
    const names = new Set(sinks.map(({ name }) => name))
    if (names.size < sinks.length) {
      throw new Unusable('must give each sink a name of its own: ?name=… where two are of one kind')
    }
    return sinks
  } catch (error) {
    if (error instanceof Unusable) return error.message
    throw error
  }
}

function parseSink(text: string): SinkSettings {
  const [, plain, query = ''] = /^(-|stdout)(?:\?(.*))?$/.exec(text) ?? []
  const url = plain !== undefined ? new URL(`stdout:?${query}`) : URL.canParse(text) ? new URL(text) : undefined
  // Without the two slashes, what is typed as a path would be taken for a host.
  const isWhole = plain !== undefined || /^(file:\/|[a-z+]+:\/\/)/i.test(text)
  if (url === undefined || !isWhole) throw new Unusable(forms)
  if (url.username !== '' || url.password !== '') {
    throw new Unusable(
      'must hold no user and no password: what a receiver wants to see comes from a file (header-file, cert, key)',
    )
  }
  if (url.hash !== '') throw new Unusable('must hold no fragment (#…)')
  const parameters = new Parameters(url.searchParams)
  const place = placeOf(url, text, parameters)
  const name = parameters.take('name') ?? place.kind
  if (!nameForm.test(name)) {
    throw new Unusable('must name sinks by at most 63 small letters, digits, dots, - and _')
  }
  const from = parameters.choice('from', ['start', 'now']) ?? 'start'
  const accountIds = parameters.all('account').map(accountOf)
  parameters.end()
  return { name, from, accountIds, place }
}

function accountOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new Unusable('must give ?account= as the number of an account')
}

function placeOf(url: URL, text: string, parameters: Parameters): SinkPlace {
  switch (url.protocol) {
    case 'stdout:':
      return { kind: 'stdout' }
    case 'file:':
      return { kind: 'file', path: filePathOf(url, text) }
    case 'syslog+tcp:':
    case 'syslog+tls:':
      return syslogOf(url, parameters)
    case 'http:':
    case 'https:':
      return { kind: 'http', ...httpOf(url, parameters), signingKeyPath: parameters.path('signing-key-file') }
    case 'otlp+http:':
    case 'otlp+https:':
      // Of a scheme that it does not know, a URL cannot be changed into another.
      return { kind: 'otlp', ...httpOf(new URL(url.href.slice('otlp+'.length)), parameters) }
    default:
      throw new Unusable(forms)
  }
}

function filePathOf(url: URL, text: string): string {
  const rule = 'must give a file as file: and its absolute path, such as file:/var/log/strongroom/audit.jsonl'
  if (url.host !== '' || !/^file:\//i.test(text) || url.pathname.endsWith('/')) throw new Unusable(rule)
  return pathIn(`file:${url.pathname}`) ?? fail(rule)
}

function pathIn(text: string): string | undefined {
  try {
    return fileURLToPath(text)
  } catch {
    return undefined
  }
}

function syslogOf(url: URL, parameters: Parameters): SinkPlace {
  const isTls = url.protocol === 'syslog+tls:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (host === '' || !['', '/'].includes(url.pathname)) {
    throw new Unusable('must give a receiver of syslog as syslog+tcp://host:601 or syslog+tls://host:6514')
  }
  const port = url.port === '' ? (isTls ? syslogTlsPort : syslogPort) : Number(url.port)
  if (port === 0) throw new Unusable('must give ports from 1 to 65535')
  const facility = parameters.take('facility') ?? String(auditFacility)
  if (!/^\d{1,2}$/.test(facility) || Number(facility) > 23) throw new Unusable('must give ?facility= from 0 to 23')
  const isConfirmed = parameters.choice('confirm', ['on', 'off']) !== 'off'
  return {
    kind: 'syslog',
    host,
    port,
    tls: isTls ? tlsOf(parameters) : undefined,
    facility: Number(facility),
    isConfirmed,
  }
}

function httpOf(url: URL, parameters: Parameters): HttpPlace {
  const isTls = url.protocol === 'https:'
  const headerPath = parameters.path('header-file')
  const query = parameters.take('query')
  const none = { caPath: undefined, certPath: undefined, keyPath: undefined }
  const target = `${url.origin}${url.pathname}${query === undefined ? '' : `?${query}`}`
  if (!URL.canParse(target) || new URL(target).hash !== '') throw new Unusable('must give ?query= percent-encoded')
  return { url: new URL(target).href, tls: isTls ? tlsOf(parameters) : none, headerPath }
}

function tlsOf(parameters: Parameters): SinkTls {
  const [caPath, certPath, keyPath] = [parameters.path('ca'), parameters.path('cert'), parameters.path('key')]
  if ((certPath === undefined) !== (keyPath === undefined)) throw new Unusable('must give ?cert= and key= together')
  return { caPath, certPath, keyPath }
}

/** What stands behind the question mark: each is taken, and what nobody took is mistyped. */
class Parameters {
  readonly #left: Map<string, string[]>

  constructor(parameters: URLSearchParams) {
    this.#left = new Map()
    for (const [name, value] of parameters) this.#left.set(name, [...(this.#left.get(name) ?? []), value])
  }

  all(name: string): readonly string[] {
    const found = this.#left.get(name) ?? []
    this.#left.delete(name)
    return found
  }

  take(name: string): string | undefined {
    const [first, ...others] = this.all(name)
    if (others.length > 0) throw new Unusable(`must give ?${name}= once`)
    return first === '' ? undefined : first
  }

  choice<const Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.take(name)
    const found = words.find((word) => word === text)
    if (text !== undefined && found === undefined) throw new Unusable(`must give ?${name}= as ${words.join(' or ')}`)
    return found
  }

  /** Of a file, as it is or as a URL. */
  path(name: string): string | undefined {
    const text = this.take(name)
    if (text === undefined) return undefined
    const path = text.startsWith('file:/') ? pathIn(text) : text
    if (path !== undefined && isAbsolute(path) && !path.endsWith('/')) return path
    throw new Unusable(`must give ?${name}= as the absolute path of a file`)
  }

  end(): void {
    if (this.#left.size > 0) {
      throw new Unusable('must have no other parameters than docs/audit-sinks.md names for a sink of its kind')
    }
  }
}

function fail(rule: string): never {
  throw new Unusable(rule)
}

/** Where it is, for people: no parameter, so no path of a key. */
export function addressOf(place: SinkPlace): string {
  switch (place.kind) {
    case 'stdout':
      return 'standard output'
    case 'file':
      return place.path
    case 'syslog':
      return `${place.host.includes(':') ? `[${place.host}]` : place.host}:${place.port}${place.tls === undefined ? '' : ', TLS'}`
    default: {
      const url = new URL(place.url)
      return `${url.origin}${url.pathname}`
    }
  }
}

/** Whether others on the way can read what is sent. */
export function isOpen(place: SinkPlace): boolean {
  if (place.kind === 'syslog') return place.tls === undefined && !isThisHost(place.host)
  if (place.kind === 'file' || place.kind === 'stdout') return false
  const url = new URL(place.url)
  return url.protocol === 'http:' && !isOnThisHost(url)
}
