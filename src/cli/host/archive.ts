/** The archive of the trail on the host: the server's rounds, `strongroom audit archive` and `restore-segment`. */
import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import { openArchive, openArchived } from '../../archive/place.ts'
import { SegmentFault, type SegmentFiles } from '../../audit/segment.ts'
import type { Config } from '../../config.ts'
import { invalid } from '../../errors.ts'
import type { Server } from '../../http/server.ts'
import { doubtMsOf } from '../../sinks/open.ts'
import { type ArchiveWatch, archiveDue, restoreSegment } from '../../vault/archive.ts'
import { pause } from '../../vault/pause.ts'
import type { Vault } from '../../vault/vault.ts'
import { numberOf } from '../input.ts'
import { complain, Fault, print, printJson } from '../output.ts'
import { withVault } from './with-vault.ts'

const dayMs = 86_400_000
const roundMs = 600_000
/** After a failure, such as a disk that is full. */
const againMs = 60_000

type Settings = Pick<Config, 'auditKeepDays' | 'auditSinks'>

/** The archive that is named, or else the one of the settings. */
export async function archiveOf(
  place: string | undefined,
  { auditArchive }: Pick<Config, 'auditArchive'>,
): Promise<SegmentFiles | undefined> {
  const found = place ?? auditArchive
  return found === undefined ? undefined : openArchive(found)
}

/**
 * Archives what is due every ten minutes, on whichever node has the lease then. Whoever serves goes on being served, whatever becomes of it.
 *
 * @returns what ends it
 */
export function runArchive(
  vault: Vault,
  files: SegmentFiles | undefined,
  config: Settings,
  logger: Logger,
  metrics: Pick<Server['archiveMetrics'], 'failures' | 'archived'>,
): () => Promise<void> {
  if (files === undefined) return async () => {}
  const stopping = new AbortController()
  const { auditKeepDays: days } = config
  const policy = days === undefined ? undefined : policyOf(config, days, false)
  const said = { held: '' }
  let isFailed = false
  const fail = (error: unknown, accountId?: number) => {
    isFailed = true
    metrics.failures.inc()
    logger.error({ accountId, reason: reasonOf(error) }, 'the audit trail could not be archived: trying again')
  }
  const watch: ArchiveWatch = {
    onArchived: ({ accountId, firstSeq, lastSeq, file }) => {
      metrics.archived.inc(lastSeq - firstSeq + 1)
      logger.info({ accountId, file }, 'audit records were archived')
    },
    onEnded: ({ accountId, file }) =>
      logger.info({ accountId, file }, 'audit records that were restored are archived again'),
    onHeld: ({ accountId, by, seq }) => {
      // Once for each that holds it, and not each time.
      const held = `${accountId} ${by} ${seq}`
      if (held !== said.held)
        logger.warn({ accountId, by, seq }, 'the archive waits for somebody who follows the trail')
      said.held = held
    },
    onFailure: (accountId, error) => fail(error, accountId),
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      isFailed = false
      await archiveDue(vault, files, policy, watch, stopping.signal).catch((error: unknown) => fail(error))
      await pause(isFailed ? againMs : roundMs, stopping.signal)
    }
  }
  const ended = run()
  return () => {
    stopping.abort()
    return ended
  }
}

function policyOf({ auditSinks }: Pick<Config, 'auditSinks'>, days: number, isAll: boolean) {
  const followers = auditSinks.map(({ name, accountIds, place }) => ({ name, accountIds, doubtMs: doubtMsOf(place) }))
  return { keepMs: days * dayMs, followers, isAll }
}

interface ArchiveOptions {
  readonly days?: string
  readonly json?: boolean
}

/** Archives now what is due. */
export async function archive({ days, json = false }: ArchiveOptions): Promise<void> {
  const found = { archived: [] as string[], ended: [] as string[], held: [] as string[], failures: [] as string[] }
  const watch: ArchiveWatch = {
    onArchived: ({ file }) => void found.archived.push(file),
    onEnded: ({ file }) => void found.ended.push(file),
    onHeld: ({ accountId, by, seq }) =>
      void found.held.push(`account ${accountId}: ${by} has had records up to ${seq}`),
    onFailure: (accountId, error) => void found.failures.push(`account ${accountId}: ${reasonOf(error)}`),
  }
  await withVault(async (vault, host, config) => {
    const files = await archiveOf(undefined, config)
    if (files === undefined) throw invalid('STRONGROOM_AUDIT_ARCHIVE', 'Name where the archive is.')
    const kept = days === undefined ? config.auditKeepDays : numberOf('--days', days, 0, 36_500)
    if (kept === undefined) throw invalid('--days', 'Say after how many days records are archived.')
    const policy = { ...policyOf(config, kept, true), pause: pauseAloud }
    const isDone = await archiveDue(vault, files, policy, watch, new AbortController().signal, host)
    if (!isDone) throw new Fault('failure', 'A server archives just now. Try again in a moment.')
  })
  if (json) printJson(found)
  else explain(found)
  if (found.failures.length > 0) process.exitCode = 1
}

async function pauseAloud(ms: number): Promise<void> {
  complain(`Waiting ${ms / 1000} seconds: what a sink was sent just now may have to be sent again.`)
  await setTimeout(ms)
}

interface Found {
  readonly archived: readonly string[]
  readonly ended: readonly string[]
  readonly held: readonly string[]
  readonly failures: readonly string[]
}

function explain({ archived, ended, held, failures }: Found): void {
  if (archived.length === 0) print('No records were archived.')
  for (const file of archived) print(`Archived: ${file}`)
  for (const file of ended) print(`Archived again, as the time of its restoring is over: ${file}`)
  for (const one of held) print(`Waiting: ${one}`)
  for (const one of failures) complain(`Failed: ${one}`)
}

interface RestoreOptions {
  readonly days: string
  readonly json?: boolean
}

/** Brings the records of a file back for some days. */
export async function restore(file: string, { days, json = false }: RestoreOptions): Promise<void> {
  const forMs = numberOf('--days', days, 1, 3650) * dayMs
  await withVault(async (vault, host, { auditArchive }) => {
    const until = vault.now() + forMs
    const segment = await restoreSegment(vault, () => openArchived(file, auditArchive), until, host)
    if (segment === undefined) throw new Fault('failure', 'A server archives just now. Try again in a moment.')
    const { accountId, firstSeq, lastSeq } = segment
    const end = new Date(until).toISOString()
    if (json) return printJson({ account_id: accountId, first: firstSeq, last: lastSeq, until: end })
    print(`Records ${firstSeq} to ${lastSeq} of account ${accountId} are in the database until ${end}.`)
    print('A server with STRONGROOM_AUDIT_ARCHIVE, or "strongroom audit archive", takes them out again then.')
  })
}

function reasonOf(error: unknown): string {
  if (error instanceof SegmentFault) return `record ${error.seq}: ${error.message}`
  return error instanceof Error ? error.message : 'unknown'
}
