/** A real server on a real store, on a free port of the loopback, for one test. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { listen, originOf, stopListening } from '../../src/cli/host/listen.ts'
import type { Config } from '../../src/config.ts'
import { createServer } from '../../src/http/server.ts'
import { bootstrap, openServerVault } from '../../src/open.ts'
import { createAccount } from '../../src/vault/accounts.ts'
import type { PasswordCost } from '../../src/vault/passwords.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { Api } from './api.ts'
import { watchAnswers } from './description.ts'
import type { Place, TestEngine } from './engines.ts'

export interface TestAccount {
  readonly url: string
  /** The API with a full-access key of the account: of a server that was just started, `default`. */
  readonly api: Api
  /** The API with the full-access key of a new account. */
  otherAccount(): Promise<Api>
  /** The API with a new key of the account. */
  withScopes(...scopes: string[]): Promise<Api>
}

export interface TestServer extends TestAccount {
  readonly vault: Vault
  readonly place: Place
  /** Fails when something was answered, since the last look, that is not described. */
  checkAnswers(): void
  /** The metrics, as they are served on whichever address. */
  scrape(): Promise<string>
  /** Takes what the files of TLS hold now. */
  reloadTls(): void
  /** Stops the server and keeps the store. */
  stop(): Promise<void>
}

/** A test, or a suite with the hook of `node:test`. */
export interface Lasting {
  readonly after: (work: () => void | Promise<void>) => void
}

export interface TestOptions extends Partial<Omit<Config, 'dataDir' | 'databaseUrl'>> {
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** What passwords are hashed with; without it next to nothing. */
  readonly passwords?: PasswordCost
  /** A place of an earlier server; without it a new one. */
  readonly place?: Place
  readonly logger?: Logger
  /** Where the built portal is; without it, where the build puts it. */
  readonly portalDir?: string
  /** Whether it gives up on requests that do not come in the time that the product gives them. */
  readonly givesUp?: boolean
}

/** What the tests run with: no limiter, no log. */
export function testConfig(place: Place, options: TestOptions = {}): Config {
  return {
    listen: { host: '127.0.0.1', port: 0 },
    tls: undefined,
    metricsListen: undefined,
    rootKeys: [{ kind: 'file', path: join(place.dataDir, 'root.key'), create: true }],
    unsealSocket: undefined,
    isUnsealedByHttp: false,
    bootstrapApiKey: undefined,
    rateLimit: undefined,
    maxConnections: 4096,
    maxConnectionsPerAddress: 1024,
    keepVersions: 10,
    maxValueBytes: 65_536,
    maxFileBytes: 1_048_576,
    isQueryKeyAccepted: true,
    isVaultApiServed: false,
    trustedProxies: [],
    publicUrl: undefined,
    outboundAllowances: [],
    diskReserveBytes: 0,
    checkpoints: undefined,
    checkpointSeconds: 60,
    auditSinks: [],
    auditArchive: undefined,
    auditKeepDays: undefined,
    isSynchronousRequired: false,
    drainSeconds: 0,
    traces: undefined,
    logLevel: 'silent',
    ...options,
    dataDir: place.dataDir,
    databaseUrl: place.databaseUrl,
  }
}

/** The least that there is: hundreds of people sign in in tests of other things. */
const cheapPasswords: PasswordCost = { memory: 8, passes: 1, parallelism: 1 }

/** How to stop the servers that were started on a place. */
const nodesOf = new WeakMap<Place, readonly (() => Promise<void>)[]>()

/** Starts a server that is stopped, and its store removed, when the test ends. */
export async function startServer(t: Lasting, engine: TestEngine, options: TestOptions = {}): Promise<TestServer> {
  const place = options.place ?? (await engine.makeMigratedPlace())
  const config = testConfig(place, options)
  const opened = await openServerVault(config, { now: options.now, passwords: options.passwords ?? cheapPasswords })
  const firstKey = await bootstrap(opened.vault, config.bootstrapApiKey)
  const { app, reloadTls, scrape } = await createServer({
    vault: opened.vault,
    config,
    logger: options.logger ?? pino({ level: 'silent' }),
    portalDir: options.portalDir,
  })
  // A process that is starved for longer would send on a connection which its own server has just closed, or given up on.
  app.server.keepAliveTimeout = 300_000
  if (options.givesUp !== true) Object.assign(app.server, { headersTimeout: 300_000, requestTimeout: 300_000 })
  const checkAnswers = watchAnswers(app)
  const url = originOf(await listen(app, config.listen), config.tls !== undefined)
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    await stopListening(app)
    await opened.close()
  }
  const nodes = nodesOf.get(place) ?? []
  nodesOf.set(place, [...nodes, stop])
  t.after(async () => {
    await stop()
    if (options.place === undefined) {
      // A node may have something to record when it stops: before its store is gone.
      for (const stopNode of nodesOf.get(place) ?? []) await stopNode()
      await place.clear()
    }
    checkAnswers()
  })
  return {
    ...accountOn(url, opened.vault, firstKey ?? ''),
    vault: opened.vault,
    place,
    checkAnswers,
    scrape,
    reloadTls: () => reloadTls?.('test'),
    stop,
  }
}

/** An account as its tests see it. */
export function accountOn(url: string, vault: Vault, key: string): TestAccount {
  const api = new Api(url, key)
  return {
    url,
    api,
    otherAccount: async () => new Api(url, (await newAccount(vault)).token),
    withScopes: async (...scopes) => {
      const { body } = await api.post('/v3/keys', { name: 'test', scopes })
      return new Api(url, String(body['api_key']))
    },
  }
}

export function newAccount(vault: Vault) {
  return createAccount(vault, { name: 'test', requestId: 'test' }, `other-${randomBytes(4).toString('hex')}`)
}
