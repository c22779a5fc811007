/** `strongroom serve`: runs the server until it is told to stop. */
import { readFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { setTimeout as later } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import { type Config, olderSettings, readConfig, unknownSettings } from '../../config.ts'
import type { Server } from '../../http/server.ts'
import { type Address, isSocketPath, type SocketPath } from '../../listen.ts'
import { bootstrap, type Opened, openServerVault } from '../../open.ts'
import { askerOf } from '../../vault/accounts.ts'
import { inviteOwner } from '../../vault/users.ts'
import type { Vault } from '../../vault/vault.ts'
import { print } from '../output.ts'
import { variable } from '../process-env.ts'
import { prepareFollowers } from './followers.ts'
import { listen, originOf, portalOriginOf, stopListening, tryListening } from './listen.ts'
import { ServiceManager } from './service-manager.ts'
import { passOverSignals, ServerSignals } from './signals.ts'
import { type RunningSinks, runSinks } from './sinks.ts'
import { beginUpkeep } from './upkeep.ts'
import { Waiting } from './waiting.ts'
import { hostAsker } from './with-vault.ts'

/** After this long, whoever still waits is let down rather than the supervisor kept waiting. */
const stopTimeoutMs = 20_000
/** Whoever probes the process has patience for so long. */
const slowStartMs = 3_000
const reloadIntervalMs = 10_000

export async function serve(): Promise<void> {
  // What the server makes is for its owner alone.
  process.umask(0o077)
  const passedOver = passOverSignals()
  const unknown = unknownSettings()
  const config = readConfig()
  const logger = pino({ name: 'strongroom', level: config.logLevel })
  passedOver.log = (signal) => logger.info({ signal }, 'this signal means nothing to the server')
  warn(logger, config, unknown)
  const manager = new ServiceManager(variable, (reason) =>
    logger.warn({ reason }, 'systemd cannot be told how the server is'),
  )
  // Before the store is opened: who serves with the wrong file is not to find out after a migration.
  const tlsPair = config.tls === undefined ? undefined : (await import('../../http/tls.ts')).readTls(config.tls)
  const waiting = new Waiting(config, tlsPair, logger)
  let sealedBy = ''
  crashOnFaults(logger)
  const signals = signalsOf(logger, manager, () => sealedBy !== '')
  const onAway = (reason: string) => {
    logger.warn({ reason }, 'the database cannot be used yet: waiting for it')
    manager.status('waiting for the database')
    waiting.begin()
  }
  const onSealed = (reason: string) => {
    // It is told of each try, for as long as it takes.
    if (reason !== sealedBy) logger.warn({ reason }, 'no root key can be used yet: waiting for one')
    sealedBy = reason
    // Nobody is to start it anew meanwhile: it does what it can.
    waiting.seal(() => manager.ready('sealed: waiting for a root key'))
  }
  // A store of an older version may take long, too.
  const slow = later(() => waiting.begin(), slowStartMs)
  // The store's thread starts while the server's modules load.
  const [opened, { createServer }] = await Promise.all([
    openServerVault(config, { onAway, onSealed }),
    import('../../http/server.ts'),
  ]).finally(() => {
    clearTimeout(slow)
    signals.hold()
    return waiting.end()
  })
  let server: Server | undefined
  let untold: readonly string[] = []
  try {
    const follow = await prepareFollowers(config)
    const firstKey = await firstKeyOf(opened.vault, config)
    untold = firstKeyLines(config, firstKey)
    server = await createServer({ vault: opened.vault, config, logger, tlsPair })
    if (config.metricsListen !== undefined) {
      const { createMetricsServer } = await import('../../http/metrics-server.ts')
      const metricsApp = createMetricsServer(server.scrape, server.health, logger)
      server.app.addHook('onClose', () => metricsApp.close())
      await metricsApp.listen(config.metricsListen)
    }
    const listening = await listen(server.app, config.listen)
    const sinks = runSinks(opened.vault, config, logger, server.sinkMetrics)
    const stopFollowers = follow(opened.vault, logger, server)
    const origin = originOf(listening, config.tls !== undefined)
    manager.ready(`listening on ${isSocketPath(listening) ? listening.path : origin}`)
    const portal = portalOriginOf(config.publicUrl, listening, config.tls !== undefined)
    const setUp = firstKey === undefined ? undefined : await setUpLink(opened.vault, portal)
    greet(config, listening, { origin, portal, firstKey, setUp })
    untold = []
    tellConditions(opened.vault, logger)
    const stopUpkeep = beginUpkeep(opened.vault, config, logger, server.showRootKey)
    const stop = stopping(logger, server, opened, {
      drainSeconds: config.drainSeconds,
      manager,
      stopBeside: async () => {
        await Promise.all([stopFollowers(), stopUpkeep()])
      },
      stopSinks: () => sinks.stop(),
    })
    const reload = reloading(server, manager, sinks, logger)
    flushCompileCache()
    if (signals.serve({ stop: (signal) => void stop(signal), reload })) return
    await giveBackOnceIdle(opened.vault, logger)
  } catch (error) {
    // No other start makes it, or tells it.
    if (untold.length > 0) print([...untold, 'A link to the portal is made by: strongroom user create'].join('\n'))
    // What listens already would keep the process, without a store.
    await server?.app.close()
    await opened.close()
    throw error
  }
}

/** @param isSealed whether it waits for a root key, which the service manager takes for ready */
function signalsOf(logger: Logger, manager: ServiceManager, isSealed: () => boolean): ServerSignals {
  return new ServerSignals({
    end: (signal) => {
      logger.info({ signal }, 'stopped before the server was ready')
      manager.stopping(`stopping upon ${signal}`)
      process.exit(0)
    },
    onReload: () => {
      logger.info({ signal: 'SIGHUP' }, 'files are read anew once the server is ready')
      if (isSealed()) manager.reloaded('sealed: waiting for a root key')
    },
  })
}

/**
 * What can change while the server runs is read anew upon SIGHUP; the files of TLS, and they alone, also by themselves.
 *
 * @returns what reads it anew
 */
function reloading({ reloadTls }: Server, manager: ServiceManager, sinks: RunningSinks, logger: Logger): () => void {
  if (reloadTls !== undefined) setInterval(() => reloadTls('changed'), reloadIntervalMs).unref()
  return () => {
    const isAny = reloadTls !== undefined || sinks.isAny
    logger.info({ signal: 'SIGHUP' }, isAny ? 'reading files anew' : 'nothing is to be read anew')
    reloadTls?.('SIGHUP')
    sinks.reopen()
    manager.reloaded('files were read anew')
  }
}

function warn(logger: Logger, config: Config, unknown: readonly string[]): void {
  for (const older of olderSettings()) logger.warn(older, 'this setting has another name now, which replaces it')
  for (const setting of unknown) logger.warn({ setting }, 'this setting is not known; see docs/operations.md')
  if (mayDumpCore()) {
    logger.warn('a crash may write memory, with keys in it, to disk: set the core file size limit to 0 ("ulimit -c 0")')
  }
  for (const source of config.rootKeys) {
    if (source.kind !== 'file' || !source.create) continue
    logger.warn(
      { path: source.path },
      'the root key lies in the data folder: in production keep it elsewhere (STRONGROOM_ROOT_KEY_FILE)',
    )
  }
}

/** Linux says so; elsewhere nobody knows. */
function mayDumpCore(): boolean {
  try {
    const limit = /^Max core file size\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit !== '0'
  } catch {
    return false
  }
}

function tellConditions({ store }: Vault, logger: Logger): void {
  store.conditions.onChange((condition, now) => {
    if (now === undefined) logger.info({ condition }, 'this is over')
    else logger[now.isRefusing ? 'error' : 'warn']({ condition, isRefusing: now.isRefusing }, now.detail)
  })
}

async function giveBackOnceIdle({ store }: Vault, logger: Logger): Promise<void> {
  const { collectOnceIdle } = await import('./once-idle.ts')
  collectOnceIdle(store, () => logger.warn('the memory of the start could not be given back'))
}

/** What it makes is shown once: it is made when no address is known that would keep the server from starting. */
async function firstKeyOf(vault: Vault, config: Config): Promise<string | undefined> {
  if ((await vault.store.accounts()).length === 0) {
    for (const address of [config.listen, config.metricsListen]) {
      if (address !== undefined && !isSocketPath(address)) await tryListening(address)
    }
  }
  return bootstrap(vault, config.bootstrapApiKey)
}

async function setUpLink(vault: Vault, portal: string): Promise<string> {
  const [account] = await vault.store.accounts()
  const { token } = await inviteOwner(vault, askerOf(hostAsker(), account?.id ?? 1), account?.id ?? 1)
  return `${portal}/portal/welcome#${token}`
}

/** For the person at the terminal, in one piece; the log is for machines. */
function greet(
  config: Config,
  listening: Address | SocketPath,
  told: {
    readonly origin: string
    readonly portal: string
    readonly firstKey: string | undefined
    readonly setUp: string | undefined
  },
): void {
  const { databaseUrl, dataDir, rootKeys } = config
  const { origin: url, portal, firstKey, setUp } = told
  // Who only has a socket gets to the portal through whatever stands before it.
  const isReachable = !isSocketPath(listening) || config.publicUrl !== undefined
  const lines = [
    'Strongroom is ready.',
    ...(isSocketPath(listening) ? [`  Socket     ${listening.path}`] : []),
    ...(isReachable ? [`  Portal     ${portal}/portal/`] : []),
    `  API        ${url}/v3`,
    `  Reference  ${url}/docs`,
    `  Data       ${databaseUrl === undefined ? dataDir : 'PostgreSQL'}`,
    ...rootKeys.flatMap((one) => (one.kind === 'file' ? [`  Root key   ${one.path}`] : [])),
  ]
  lines.push(...firstKeyLines(config, firstKey))
  if (setUp !== undefined) {
    lines.push('', 'Create your account in the portal. The link works once, within 24 hours:', `  ${setUp}`)
  }
  print(lines.join('\n'))
}

function firstKeyLines({ bootstrapApiKey }: Config, firstKey: string | undefined): readonly string[] {
  if (firstKey === undefined) return []
  if (bootstrapApiKey !== undefined) {
    return ['Created the account "default". Its API key is the one in STRONGROOM_BOOTSTRAP_API_KEY.']
  }
  const made = 'Created the account "default". Its first API key has full access, and will not be shown again:'
  return ['', made, `  ${firstKey}`]
}

/**
 * Whoever sends work here is told to send no more, and served until they have noticed. Then requests in flight are answered
 * and their batches committed, and nobody new is let in.
 */
function stopping(
  logger: Logger,
  server: Server,
  opened: Opened,
  {
    drainSeconds,
    manager,
    stopBeside,
    stopSinks,
  }: {
    readonly drainSeconds: number
    readonly manager: ServiceManager
    /** Ends what the server does beside requests. */
    readonly stopBeside: () => Promise<void>
    /** Ends sending the trail, once nothing comes to it any more. */
    readonly stopSinks: () => Promise<void>
  },
): (signal: NodeJS.Signals) => Promise<void> {
  let isStopping = false
  const hurry = new AbortController()
  return async (signal) => {
    // Whoever says it twice does not want to wait.
    if (isStopping) return hurry.abort()
    isStopping = true
    logger.info({ signal }, 'stopping')
    manager.stopping(`stopping upon ${signal}`)
    server.drain()
    // The others come from a person at a terminal, or a machine that is about to be switched off.
    if (signal === 'SIGTERM') await setTimeout(drainSeconds * 1000, undefined, hurry).catch(() => {})
    const timer = later(() => {
      logger.error('stopping took too long')
      process.exit(1)
    }, stopTimeoutMs)
    timer.unref()
    try {
      await Promise.all([stopListening(server.app), stopBeside()])
      await stopSinks()
      await opened.close()
      logger.info('stopped')
    } catch (error) {
      logger.error({ kind: error instanceof Error ? error.name : 'unknown' }, 'stopping failed')
      process.exitCode = 1
    }
  }
}

/** The state is unknown: say what kind of error, nothing of its text, and let the supervisor start afresh. */
function crashOnFaults(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    logger.fatal(
      { kind: error.name, stack: error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) },
      'crashed',
    )
    process.exit(1)
  })
}
