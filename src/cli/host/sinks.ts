/** The sinks of the audit trail: what the server sends where, and `strongroom audit sinks`, which says how far each has come. */
import type { Logger } from 'pino'
import type { Config } from '../../config.ts'
import type { Server } from '../../http/server.ts'
import { programVersion } from '../../package-root.ts'
import { openReceiver } from '../../sinks/open.ts'
import { addressOf, isOpen } from '../../sinks/settings.ts'
import type { SinkState } from '../../store/followers.ts'
import { runSink, type SinkWatch } from '../../vault/sinks.ts'
import type { Vault } from '../../vault/vault.ts'
import { print, printJson } from '../output.ts'
import { withVault } from './with-vault.ts'

export interface RunningSinks {
  readonly isAny: boolean
  /** What they write to may be another file now. */
  reopen(): void
  stop(): Promise<void>
}

/** Whoever serves goes on being served, whatever becomes of a sink. */
export function runSinks(
  vault: Vault,
  config: Pick<Config, 'auditSinks'>,
  logger: Logger,
  metrics: Server['sinkMetrics'],
): RunningSinks {
  const origin = { storeId: vault.keyring.storeId, version: programVersion(), serviceName: 'strongroom' }
  const running = config.auditSinks.map(({ name, from, accountIds, place }) => {
    if (isOpen(place)) {
      logger.warn({ sink: name }, 'this sink sends the audit trail unencrypted: whoever is on the way can read it')
    }
    const receiver = openReceiver(place, origin, vault.now)
    return { receiver, stop: runSink(vault, { name, from, accountIds, receiver }, watchOf(logger, metrics)) }
  })
  return {
    isAny: running.length > 0,
    reopen: () => {
      for (const { receiver } of running) void receiver.close()
    },
    stop: async () => {
      await Promise.all(running.map(({ stop }) => stop()))
    },
  }
}

function watchOf(logger: Logger, metrics: Server['sinkMetrics']): SinkWatch {
  return {
    onTaken: (sink, records) => metrics.sent.inc({ sink }, records),
    onRejected: (sink, records) => {
      metrics.rejected.inc({ sink }, records)
      logger.error({ sink, records }, 'the collector keeps these audit records out, and wants them never again')
    },
    onMissing: (sink, accountId, seq) =>
      logger.error({ sink, accountId, seq }, 'audit records are missing from the trail: run "strongroom audit verify"'),
    onFailure: (sink, reason, pauseMs) => {
      metrics.failures.inc({ sink })
      logger.error({ sink, reason, pauseMs: Math.round(pauseMs) }, 'the audit trail could not be sent: trying again')
    },
    onRecovered: (sink) => logger.info({ sink }, 'the audit trail is sent again'),
    onError: (sink, error) =>
      logger.error({ sink, reason: error instanceof Error ? error.message : 'unknown' }, 'this sink begins anew'),
  }
}

interface Options {
  readonly json?: boolean
}

interface Found {
  readonly now: number
  readonly configured: readonly {
    readonly name: string
    readonly kind: string
    readonly address: string
    readonly state: SinkState
  }[]
  /** Positions of sinks that the settings do not have. */
  readonly others: readonly string[]
}

/** Prints how far the receiver of each sink has come. */
export async function status({ json = false }: Options): Promise<void> {
  const found = await withVault(async (vault, _, { auditSinks }): Promise<Found> => {
    const names = await vault.store.sinks.names()
    const configured = await Promise.all(
      auditSinks.map(async ({ name, accountIds, place }) => {
        const state = await vault.store.sinks.state(name, accountIds)
        return { name, kind: place.kind, address: addressOf(place), state }
      }),
    )
    const others = names.filter((name) => auditSinks.every((one) => one.name !== name))
    return { now: vault.now(), configured, others }
  })
  if (json) printJson(shown(found))
  else explain(found)
}

function shown({ now, configured, others }: Found) {
  return {
    sinks: configured.map(({ name, kind, address, state }) => ({
      ...{ name, kind, address },
      accounts: state.accounts,
      records: state.taken,
      lag_records: state.left,
      lag_seconds: lagOf(state, now),
      last_moved_at: timeOf(state.movedAt),
      last_fault: state.fault === undefined ? null : { reason: state.fault.reason, at: timeOf(state.fault.at) },
    })),
    not_configured: others,
  }
}

function explain(found: Found): void {
  const { sinks } = shown(found)
  if (sinks.length === 0) print('STRONGROOM_AUDIT_SINKS names no sink.')
  for (const {
    name,
    kind,
    address,
    records,
    lag_records: left,
    lag_seconds: age,
    last_moved_at: at,
    last_fault,
  } of sinks) {
    const lag = left === 0 ? 'nothing is left' : `${left} left, the oldest ${age} seconds old`
    print(`${name} (${kind}, ${address}): ${records} records sent, ${lag}${at === null ? '' : `; last at ${at}`}`)
    if (last_fault !== null) print(`  failed at ${last_fault.at}: ${last_fault.reason}`)
  }
  for (const name of found.others)
    print(`${name}: no longer in STRONGROOM_AUDIT_SINKS; it goes on from here if it comes back.`)
}

function lagOf({ oldestAt }: SinkState, now: number): number {
  return oldestAt === undefined ? 0 : Math.max(0, Math.round((now - oldestAt) / 1000))
}

function timeOf(time: number | undefined): string | null {
  return time === undefined ? null : new Date(time).toISOString()
}
