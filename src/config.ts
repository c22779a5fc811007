/** The environment, read once into a frozen Config. The only reader of process.env. */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { join, resolve } from 'node:path'
import { isBucket, readBucket } from './archive/bucket-url.ts'
import type { RootKeySource } from './crypto/providers/provider.ts'
import { parseRootKeyUrl, parseRootKeyUrls } from './crypto/providers/urls.ts'
import { isToken } from './crypto/token.ts'
import { databaseUrlFault } from './database-url.ts'
import { type Address, parseAddress, parseSocketPath, type SocketPath, type TlsFiles, unixPeers } from './listen.ts'
import { parseNetwork } from './model/address.ts'
import { type Allowance, parseAllowance } from './outbound/addresses.ts'
import { settings } from './settings.ts'
import { parseSinks, type SinkSettings } from './sinks/settings.ts'

export interface Config {
  readonly listen: Address | SocketPath
  /** `undefined` when the server speaks plain HTTP. */
  readonly tls: TlsFiles | undefined
  /** Where `/metrics` is served instead of the main address. */
  readonly metricsListen: Address | undefined
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  /** One to five; any one opens the store. */
  readonly rootKeys: readonly RootKeySource[]
  /** Where a sealed server takes shares of a root key; `undefined` where no root key has shares. */
  readonly unsealSocket: SocketPath | undefined
  /** Whether it takes them on its main address too. */
  readonly isUnsealedByHttp: boolean
  readonly bootstrapApiKey: string | undefined
  /** Requests per second for one key and one address; `undefined` when no limiter runs. */
  readonly rateLimit: number | undefined
  readonly maxConnections: number
  /** Of one address; no limit runs when `rateLimit` is off. */
  readonly maxConnectionsPerAddress: number
  readonly keepVersions: number
  readonly maxValueBytes: number
  readonly maxFileBytes: number
  /** Whether an API key may arrive as the query parameter `key`. */
  readonly isQueryKeyAccepted: boolean
  /** Whether the Vault API is served. */
  readonly isVaultApiServed: boolean
  /** Proxies whose `X-Forwarded-For` is believed, in CIDR notation, or `unixPeers`. */
  readonly trustedProxies: readonly string[]
  /** The origin that people reach the server at; without it, as they ask. */
  readonly publicUrl: string | undefined
  /** Where issuers of OpenID Connect may be reached beyond public addresses by https. */
  readonly outboundAllowances: readonly Allowance[]
  /** Bytes that are to stay free on the disk of the data folder, with SQLite. */
  readonly diskReserveBytes: number
  /** Where signed checkpoints of the audit trail go; `undefined` when none are made. */
  readonly checkpoints: 'stdout' | { readonly path: string } | undefined
  readonly checkpointSeconds: number
  /** Where the audit trail is sent. */
  readonly auditSinks: readonly SinkSettings[]
  /** The folder of what leaves the database of the trail; `undefined` when nothing does. */
  readonly auditArchive: string | undefined
  /** After how many days records do; `undefined` when they are asked to. */
  readonly auditKeepDays: number | undefined
  /** On PostgreSQL: whether nothing is done unless commits wait for a standby. */
  readonly isSynchronousRequired: boolean
  /** How long the server goes on once it was told to stop, so that whoever sends it work notices. */
  readonly drainSeconds: number
  /** `undefined` when no traces are made. */
  readonly traces: TraceSettings | undefined
  readonly logLevel: string
}

export interface TraceSettings {
  /** Where spans are sent, as OTLP in Protobuf over HTTP. */
  readonly url: string
  /** Sent with them; may be secret. */
  readonly headers: Readonly<Record<string, string>>
  readonly serviceName: string
  /** The share of the requests without `traceparent` that are traced, 0 to 1. */
  readonly ratio: number
}

/** Taken out of the environment once read. */
const secretSettings = ['STRONGROOM_ROOT_KEY', 'STRONGROOM_BOOTSTRAP_API_KEY', 'OTEL_EXPORTER_OTLP_HEADERS']

type Environment = Record<string, string | undefined>

/** Faults in the settings, all of them, one sentence each. */
export class ConfigFaults extends Error {
  override readonly name = 'ConfigFaults'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

/**
 * Reads the settings, and takes the secret ones out of the environment, so that no child process inherits them.
 *
 * @throws ConfigFaults
 */
export function readConfig(environment: Environment = process.env): Config {
  const faults: string[] = []
  const reader = new Reader(environment, faults)
  const dataDir = resolve(reader.text('STRONGROOM_DATA_DIR') ?? './data')
  const config: Config = {
    listen: reader.listen() ?? { host: '127.0.0.1', port: 4600 },
    tls: reader.tls(),
    metricsListen: reader.address('STRONGROOM_METRICS_LISTEN'),
    dataDir,
    databaseUrl: reader.databaseUrl(),
    ...reader.rootKeysAndShares(dataDir),
    isUnsealedByHttp: reader.choice('STRONGROOM_UNSEAL_HTTP', ['on', 'off']) === 'on',
    bootstrapApiKey: reader.bootstrapApiKey(),
    rateLimit: reader.rateLimit(),
    maxConnections: reader.integer('STRONGROOM_MAX_CONNECTIONS', 1, 1_000_000) ?? 4096,
    maxConnectionsPerAddress: reader.integer('STRONGROOM_MAX_CONNECTIONS_PER_ADDRESS', 1, 1_000_000) ?? 1024,
    keepVersions: reader.integer('STRONGROOM_KEEP_VERSIONS', 1, 1000) ?? 10,
    maxValueBytes: reader.integer('STRONGROOM_MAX_VALUE_BYTES', 1, 2 ** 20) ?? 2 ** 16,
    maxFileBytes: reader.integer('STRONGROOM_MAX_FILE_BYTES', 1, 2 ** 24) ?? 2 ** 20,
    trustedProxies: reader.networks('STRONGROOM_TRUSTED_PROXIES'),
    publicUrl: reader.publicUrl(),
    outboundAllowances: reader.allowances(reader.renamed('STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES')),
    isVaultApiServed: reader.choice('STRONGROOM_VAULT_API', ['on', 'off']) === 'on',
    isQueryKeyAccepted: reader.choice('STRONGROOM_QUERY_KEY', ['on', 'off']) !== 'off',
    diskReserveBytes: (reader.integer('STRONGROOM_DISK_RESERVE_MIB', 0, 2 ** 20) ?? 64) * 2 ** 20,
    checkpoints: reader.checkpoints(),
    checkpointSeconds: reader.integer('STRONGROOM_CHECKPOINT_SECONDS', 1, 86_400) ?? 60,
    auditSinks: reader.auditSinks(),
    ...reader.auditArchive(),
    isSynchronousRequired: reader.choice('STRONGROOM_REQUIRE_SYNCHRONOUS', ['on', 'off']) === 'on',
    drainSeconds: reader.integer('STRONGROOM_DRAIN_SECONDS', 0, 3600) ?? 5,
    traces: reader.traces(),
    logLevel: reader.choice('STRONGROOM_LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent']) ?? 'info',
  }
  if (faults.length > 0) throw new ConfigFaults(faults)
  const named = config.rootKeys.flatMap((source) => (source.kind === 'environment' ? [source.name] : []))
  for (const name of [...secretSettings, ...named]) delete environment[name]
  return Object.freeze(config)
}

/** Names that begin like ours and mean nothing: most likely mistyped. */
export function unknownSettings(environment: Environment = process.env): readonly string[] {
  const ofClients = [
    ...['STRONGROOM_URL', 'STRONGROOM_API_KEY', 'STRONGROOM_PROFILE'],
    ...['STRONGROOM_CLIENT_CERT', 'STRONGROOM_CLIENT_KEY'],
  ]
  const known = new Set([...settings.map(({ name }) => name), ...ofClients])
  return Object.keys(environment).filter(
    (name) => name.startsWith('STRONGROOM_') && !name.startsWith('STRONGROOM_TEST_') && !known.has(name),
  )
}

/** By what settings are called now, what they were called before: still read, where the new one is not set. */
const olderNames: Readonly<Record<string, string>> = {
  STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES: 'STRONGROOM_OIDC_ALLOWED_ADDRESSES',
}

/** Settings under older names: which, and what they are called now. */
export function olderSettings(environment: Environment = process.env) {
  return Object.entries(olderNames).flatMap(([now, setting]) => (environment[setting] ? [{ setting, now }] : []))
}

/**
 * Where a root key is, from what was typed.
 *
 * @returns a sentence when it is neither a URL nor the path of a file
 */
export function rootKeyOf(text: string, environment: Environment = process.env): RootKeySource | string {
  if (!/^[a-z][a-z0-9]+:/.test(text)) return { kind: 'file', path: resolve(text), create: false }
  return parseRootKeyUrl(text, environment)
}

/** 32 bytes in base64url. */
const rootKeyForm = /^[A-Za-z0-9_-]{43}=?$/

class Reader {
  readonly #environment: Environment
  readonly #faults: string[]

  constructor(environment: Environment, faults: string[]) {
    this.#environment = environment
    this.#faults = faults
  }

  /** An empty variable counts as unset. */
  text(name: string): string | undefined {
    return this.#environment[name] || undefined
  }

  /** The name under which a setting is given. */
  renamed(name: string): string {
    const older = olderNames[name] ?? name
    if (this.text(older) === undefined) return name
    if (this.text(name) === undefined) return older
    this.#fault(older, `must not be set together with ${name}, which replaces it`)
    return name
  }

  listen(): Address | SocketPath | undefined {
    const mode = Number.parseInt(this.choice('STRONGROOM_LISTEN_MODE', ['600', '660', '666']) ?? '600', 8)
    const text = this.text('STRONGROOM_LISTEN')
    if (!text?.startsWith('unix:')) return this.address('STRONGROOM_LISTEN')
    return (
      parseSocketPath(text, mode) ??
      this.#fault('STRONGROOM_LISTEN', 'must be unix: and the absolute path of a socket, at most 103 bytes')
    )
  }

  tls(): TlsFiles | undefined {
    const names = ['STRONGROOM_TLS_CERT', 'STRONGROOM_TLS_KEY', 'STRONGROOM_TLS_CLIENT_CA'] as const
    const [cert, key, clientCa] = names
    const set = names.filter((name) => this.text(name) !== undefined)
    const [certPath, keyPath, clientCaPath] = names.map((name) => this.#file(name))
    // Of a path that is none, it has been said.
    if (set.length !== [certPath, keyPath, clientCaPath].filter((path) => path !== undefined).length) return undefined
    if (certPath !== undefined && keyPath !== undefined) {
      if (!this.text('STRONGROOM_LISTEN')?.startsWith('unix:')) return { certPath, keyPath, clientCaPath }
      return this.#fault(cert, 'must not be set with a Unix socket, on the way to which nobody is')
    }
    if (certPath !== undefined) return this.#fault(cert, `must be set together with ${key}`)
    if (keyPath !== undefined) return this.#fault(key, `must be set together with ${cert}`)
    if (clientCaPath !== undefined) return this.#fault(clientCa, `must be set together with ${cert} and ${key}`)
    return undefined
  }

  #file(name: string): string | undefined {
    const text = this.text(name)
    if (text?.endsWith('/')) return this.#fault(name, 'must be the path of a file')
    return text === undefined ? undefined : resolve(text)
  }

  address(name: string): Address | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    return parseAddress(text) ?? this.#fault(name, 'must be HOST:PORT, such as 127.0.0.1:4600 or [::1]:4600')
  }

  integer(name: string, least: number, most: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= least && value <= most)) return this.#fault(name, `must be a whole number from ${least} to ${most}`)
    return value
  }

  choice(name: string, choices: readonly string[]): string | undefined {
    const text = this.text(name)
    if (text === undefined || choices.includes(text)) return text
    return this.#fault(name, `must be one of ${choices.join(', ')}`)
  }

  databaseUrl(): string | undefined {
    const text = this.text('STRONGROOM_DATABASE_URL')
    const fault = text === undefined ? undefined : databaseUrlFault(text)
    return fault === undefined ? text : this.#fault('STRONGROOM_DATABASE_URL', fault)
  }

  networks(name: string): readonly string[] {
    const texts = this.#parts(name)
    const isNetwork = (text: string) => {
      // Everybody (a prefix of 0) cannot be a proxy: any caller could say any address.
      const network = parseNetwork(text)
      return network !== undefined && network.prefix > 0
    }
    if (texts.every((text) => text === unixPeers || isNetwork(text))) return texts
    this.#fault(
      name,
      'must be addresses, networks such as 10.0.0.0/8 but not of everybody, or unix, separated by commas',
    )
    return []
  }

  allowances(name: string): readonly Allowance[] {
    const found = this.#parts(name).map(parseAllowance)
    const known = found.filter((allowance) => allowance !== undefined)
    if (known.length === found.length) return known
    this.#fault(name, 'must be addresses or networks, each with a port or without, separated by commas')
    return []
  }

  publicUrl(): string | undefined {
    const text = this.text('STRONGROOM_PUBLIC_URL')
    if (text === undefined) return undefined
    const url = URL.canParse(text) ? new URL(text) : undefined
    const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === ''
    if (isPlain && url.username === '' && url.hash === '') return url.origin
    return this.#fault('STRONGROOM_PUBLIC_URL', 'must be an origin such as https://secrets.example.com')
  }

  rateLimit(): number | undefined {
    if (this.text('STRONGROOM_RATE_LIMIT') === 'off') return undefined
    const found = this.text('STRONGROOM_RATE_LIMIT')
    if (found !== undefined && !/^[1-9]\d{0,6}$/.test(found)) {
      return this.#fault('STRONGROOM_RATE_LIMIT', 'must be a whole number of requests per second, or off')
    }
    return Number(found ?? 1000)
  }

  checkpoints(): Config['checkpoints'] {
    const text = this.text('STRONGROOM_CHECKPOINTS')
    if (text === undefined || text === 'stdout') return text
    return { path: resolve(text) }
  }

  auditSinks(): readonly SinkSettings[] {
    const found = parseSinks(this.text('STRONGROOM_AUDIT_SINKS') ?? '')
    if (typeof found !== 'string') return found
    this.#fault('STRONGROOM_AUDIT_SINKS', found)
    return []
  }

  auditArchive(): Pick<Config, 'auditArchive' | 'auditKeepDays'> {
    const path = this.text('STRONGROOM_AUDIT_ARCHIVE')
    const auditKeepDays = this.integer('STRONGROOM_AUDIT_KEEP_DAYS', 1, 36_500)
    if (path === undefined && auditKeepDays !== undefined) {
      this.#fault('STRONGROOM_AUDIT_KEEP_DAYS', 'needs a place for it: set STRONGROOM_AUDIT_ARCHIVE')
    }
    if (path === undefined || !isBucket(path)) {
      return { auditArchive: path === undefined ? undefined : resolve(path), auditKeepDays }
    }
    const bucket = readBucket(path)
    if (typeof bucket === 'string') this.#fault('STRONGROOM_AUDIT_ARCHIVE', bucket)
    return { auditArchive: path, auditKeepDays }
  }

  traces(): TraceSettings | undefined {
    const general = this.#httpUrl('OTEL_EXPORTER_OTLP_ENDPOINT')
    const url = this.#httpUrl('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? general?.replace(/\/*$/, '/v1/traces')
    this.choice('OTEL_EXPORTER_OTLP_PROTOCOL', ['http/protobuf'])
    const headers = this.#headers('OTEL_EXPORTER_OTLP_HEADERS')
    const sampler = this.choice('OTEL_TRACES_SAMPLER', ['parentbased_always_on', 'parentbased_traceidratio'])
    const share = this.#share('OTEL_TRACES_SAMPLER_ARG')
    const ratio = sampler === 'parentbased_traceidratio' ? (share ?? 1) : 1
    if (url === undefined) return undefined
    return { url, headers, serviceName: this.text('OTEL_SERVICE_NAME') ?? 'strongroom', ratio }
  }

  #parts(name: string): string[] {
    return (this.text(name) ?? '').split(',').flatMap((text) => text.trim() || [])
  }

  #httpUrl(name: string): string | undefined {
    const text = this.text(name)
    if (text === undefined || (/^https?:\/\/./.test(text) && URL.canParse(text))) return text
    return this.#fault(name, 'must be a URL that begins with http:// or https://')
  }

  #headers(name: string): Record<string, string> {
    const pairs = (this.text(name) ?? '').split(',').filter((pair) => pair.trim() !== '')
    try {
      return Object.fromEntries(pairs.map(headerOf))
    } catch {
      this.#fault(name, 'must be name=value, percent-encoded, and further ones after commas')
      return {}
    }
  }

  #share(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined || /^(0(\.\d+)?|1(\.0+)?)$/.test(text)) return text === undefined ? text : Number(text)
    return this.#fault(name, 'must be a number from 0 to 1, such as 0.1')
  }

  bootstrapApiKey(): string | undefined {
    const text = this.text('STRONGROOM_BOOTSTRAP_API_KEY')
    if (text === undefined || isToken(text)) return text
    const form =
      'must be an API key: sr_, 43 letters or digits, and a checksum of 6; "strongroom key generate" prints one'
    return this.#fault('STRONGROOM_BOOTSTRAP_API_KEY', form)
  }

  rootKeysAndShares(dataDir: string): Pick<Config, 'rootKeys' | 'unsealSocket'> {
    const rootKeys = this.rootKeys(dataDir)
    if (!rootKeys.some(({ kind }) => kind === 'shamir')) return { rootKeys, unsealSocket: undefined }
    const path = this.text('STRONGROOM_UNSEAL_SOCKET') ?? join(dataDir, 'unseal.sock')
    const unsealSocket = parseSocketPath(`unix:${resolve(path)}`, 0o600)
    const fault = 'must be the path of a socket, at most 103 bytes'
    return { rootKeys, unsealSocket: unsealSocket ?? this.#fault('STRONGROOM_UNSEAL_SOCKET', fault) }
  }

  rootKeys(dataDir: string): readonly RootKeySource[] {
    const urls = this.text('STRONGROOM_ROOT_KEY_URLS')
    if (urls === undefined) return [this.#rootKey(dataDir)]
    for (const name of ['STRONGROOM_ROOT_KEY', 'STRONGROOM_ROOT_KEY_FILE']) {
      if (this.text(name) === undefined) continue
      this.#fault(
        name,
        'must not be set together with STRONGROOM_ROOT_KEY_URLS: name it there, as env:NAME or file:/path',
      )
    }
    const { sources, faults } = parseRootKeyUrls(urls, this.#environment)
    for (const fault of faults) this.#fault('STRONGROOM_ROOT_KEY_URLS', fault)
    return sources
  }

  #rootKey(dataDir: string): RootKeySource {
    const text = this.text('STRONGROOM_ROOT_KEY')
    const path = this.text('STRONGROOM_ROOT_KEY_FILE')
    if (text !== undefined && path !== undefined) {
      this.#fault('STRONGROOM_ROOT_KEY', 'must not be set together with STRONGROOM_ROOT_KEY_FILE: choose one')
    }
    if (text !== undefined) {
      if (!rootKeyForm.test(text)) this.#fault('STRONGROOM_ROOT_KEY', 'must be 32 bytes in base64url (43 characters)')
      return { kind: 'environment', name: 'STRONGROOM_ROOT_KEY', text }
    }
    // Whoever confuses the two must not find the key in a message about a file that is not there.
    if (path !== undefined && rootKeyForm.test(path)) {
      this.#fault(
        'STRONGROOM_ROOT_KEY_FILE',
        'must be the path of a file: a root key itself is for STRONGROOM_ROOT_KEY',
      )
    }
    if (path !== undefined) return { kind: 'file', path: resolve(path), create: false }
    return { kind: 'file', path: join(dataDir, 'root.key'), create: true }
  }

  #fault(name: string, rule: string): undefined {
    this.#faults.push(`${name} ${rule}.`)
    return undefined
  }
}

/** @throws when it is none */
function headerOf(pair: string): readonly [name: string, value: string] {
  const [, name = '', value = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? []
  const decoded = decodeURIComponent(value)
  validateHeaderName(name)
  validateHeaderValue(name, decoded)
  return [name, decoded]
}
