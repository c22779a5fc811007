/** The archive of the trail: old records go to files, and come back for a time. */
import { setImmediate } from 'node:timers/promises'
import { emptyHead, nextHeadOf } from '../audit/chain.ts'
import { checkpointLine } from '../audit/export.ts'
import { encodeRecord, isKnownFormat } from '../audit/record.ts'
import {
  isSameAsides,
  readSegment,
  SegmentFault,
  type SegmentFiles,
  type SegmentHeader,
  type SegmentSource,
  segmentFile,
  segmentHeader,
  type WholeSegment,
} from '../audit/segment.ts'
import { invalid, Refusal } from '../errors.ts'
import type { AuditSegment } from '../model/audit-segment.ts'
import type { DueRecords, Follower, HeldBack } from '../store/followers.ts'
import type { Kind, Op } from '../store/operation.ts'
import type { HostAsker } from './accounts.ts'
import { indexSegments } from './archive-index.ts'
import { isAuthentic, pageRecords, recordsInTurn } from './archived-trail.ts'
import { signedCheckpoint, verifierKeyOf } from './checkpoints.ts'
import { type Lease, leadOnce, takeOverMs } from './leases.ts'
import { pause } from './pause.ts'
import type { Vault } from './vault.ts'

export type ArchiveVault = Pick<Vault, 'store' | 'keyring' | 'now'>

export const archiveLease = 'audit archive'
const dayMs = 86_400_000

export interface ArchivePolicy {
  /** Records that are older go, once those who follow the trail have had them. */
  readonly keepMs: number
  /** Sinks of the settings. */
  readonly followers: readonly Follower[]
  /** Whether segments that are not full are made at once, and not a day later. */
  readonly isAll: boolean
  /** How it waits for sinks that may step back; without it, by the clock. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface ArchiveWatch {
  readonly onArchived: (segment: Pick<AuditSegment, 'accountId' | 'firstSeq' | 'lastSeq' | 'file'>) => void
  /** That records which came back for a time have gone again. */
  readonly onEnded: (segment: Pick<AuditSegment, 'accountId' | 'firstSeq' | 'lastSeq' | 'file'>) => void
  /** That records are old enough which somebody has not had. */
  readonly onHeld: (held: HeldBack) => void
  /** That an account could not be archived: all that it had stays. */
  readonly onFailure: (accountId: number, error: unknown) => void
}

/**
 * Archives what is due in all accounts, one segment after the other, and takes out again what was restored for a time that is over.
 *
 * @param host who asks for it; nobody for the server itself
 * @returns whether it was done: not while somebody else does it
 */
export async function archiveDue(
  vault: ArchiveVault,
  files: SegmentFiles,
  policy: ArchivePolicy | undefined,
  watch: ArchiveWatch,
  stopping: AbortSignal,
  host?: HostAsker,
): Promise<boolean> {
  const settled = policy === undefined ? undefined : await settledPolicy(vault, policy, stopping)
  return leadOnce(
    vault,
    {
      name: archiveLease,
      work: async (lease, signal) => {
        await endRestoring({ vault, files, lease, host }, watch, signal)
        if (settled === undefined) return
        for (const { id } of await vault.store.accounts()) {
          if (signal.aborted) return
          const work = async () => {
            await archiveAccount({ vault, files, lease, host }, id, settled, watch, signal)
            await indexSegments(vault, files, lease, id, signal)
          }
          await work().catch((error: unknown) => watch.onFailure(id, error))
        }
      },
    },
    stopping,
  )
}

/** What a sink may have to be sent again stays in the database: of those that moved just now, where they are now counts a while later. */
async function settledPolicy(
  { store, now }: ArchiveVault,
  policy: ArchivePolicy,
  stopping: AbortSignal,
): Promise<ArchivePolicy> {
  const doubtful = policy.followers.filter(({ doubtMs }) => doubtMs !== undefined)
  const doubtMs = takeOverMs + Math.max(0, ...doubtful.map((one) => one.doubtMs ?? 0))
  const positions = await store.sinks.positions(doubtful.map(({ name }) => name))
  if (positions.some(({ movedAt }) => movedAt > now() - doubtMs)) await (policy.pause ?? pause)(doubtMs, stopping)
  const settledOf = (sink: string) =>
    new Map(positions.flatMap(({ name, accountId, seq }) => (name === sink ? [[accountId, seq] as const] : [])))
  const followers = policy.followers.map((one) =>
    one.doubtMs === undefined ? one : { ...one, settled: settledOf(one.name) },
  )
  return { ...policy, followers }
}

/** What is done under the lease. */
interface Working {
  readonly vault: ArchiveVault
  readonly files: SegmentFiles
  readonly lease: Lease
  readonly host: HostAsker | undefined
}

async function archiveAccount(
  working: Working,
  accountId: number,
  policy: ArchivePolicy,
  watch: ArchiveWatch,
  signal: AbortSignal,
): Promise<void> {
  const { store, now } = working.vault
  const before = now() - policy.keepMs
  while (!signal.aborted) {
    const due = await store.segments.due(accountId, before, policy.followers)
    if (due === undefined) break
    if (!due.isFull && !policy.isAll && due.firstAt > before - dayMs) return
    const { file, hash, whole } = await fileOf(working, accountId, due)
    const { firstSeq, lastSeq, headBefore, head, firstAt, lastAt } = whole
    const segment = {
      ...{ accountId, lastSeq, firstSeq, headBefore, head, firstAt, lastAt, file, hash },
      ...{ archivedAt: now(), restoredUntil: null, isRestored: false },
    }
    if (!(await submit(working, accountId, { kind: 'archive_records', segment }))) {
      // Whoever has the lease now goes on.
      if (signal.aborted) return
      throw new Refusal(
        'integrity_failure',
        `The file ${file} of the archive does not continue the trail of account ${accountId}. Run "strongroom audit verify", and move away a file that is of another trail.`,
      )
    }
    watch.onArchived(segment)
    // What this left behind may be old enough already, and does not fill another one.
    if (!due.isFull && lastSeq === due.upTo) break
  }
  await tellHeld(working.vault, accountId, before, policy, watch)
}

async function tellHeld(
  { store }: ArchiveVault,
  accountId: number,
  before: number,
  { followers }: ArchivePolicy,
  { onHeld }: ArchiveWatch,
): Promise<void> {
  if ((await store.segments.due(accountId, before, followers, false)) === undefined) return
  const [slowest] = [...(await store.segments.holders(accountId, followers))].sort((a, b) => a.seq - b.seq)
  if (slowest !== undefined) onHeld(slowest)
}

interface Written {
  readonly file: string
  readonly hash: string
  readonly whole: WholeSegment
}

/** The file of what is due: the one that is there, from before a crash, or a new one. Either is read to its end. */
async function fileOf(working: Working, accountId: number, due: DueRecords): Promise<Written> {
  const { files, vault } = working
  const firstSeq = due.after + 1
  // One of more than is due now, as where records are kept for longer since, stays where it is.
  const there = await files.find(accountId, firstSeq, due.upTo)
  const file = there ?? (await makeFile(working, accountId, due))
  const { hash, whole } = await readFile(working, file, firstSeq)
  if (whole.storeId !== vault.keyring.storeId || whole.accountId !== accountId || whole.lastSeq > due.upTo) {
    throw new SegmentFault(firstSeq, `The file ${file} of the archive has other records than are due.`)
  }
  // Neither the chain nor the checkpoint covers it: a file that lay there may say anything.
  if (!isSameAsides(whole.asides, await vault.store.segments.asides(accountId, firstSeq, whole.lastSeq))) {
    throw new SegmentFault(
      firstSeq,
      `The file ${file} of the archive says otherwise than the database which records are of decoys.`,
    )
  }
  return { file, hash, whole }
}

/** A file of the archive, read to its end. @throws SegmentFault */
async function readFile({ vault, files }: Working, file: string, firstSeq: number): Promise<Omit<Written, 'file'>> {
  const source = await files.open(file)
  if (source === undefined) throw new SegmentFault(firstSeq, `The file ${file} of the archive is gone.`)
  const whole = await readToEnd(source, verifierKeyOf(vault), firstSeq)
  return { hash: source.hash, whole }
}

async function makeFile({ vault, files }: Working, accountId: number, { after, upTo, headBefore }: DueRecords) {
  const { store, keyring } = vault
  const [last] = await store.recordsAfter(accountId, upTo - 1, 1)
  if (last?.record.seq !== upTo) throw new SegmentFault(upTo, 'The record is missing.')
  const header: SegmentHeader = {
    ...{ storeId: keyring.storeId, accountId, firstSeq: after + 1, lastSeq: upTo },
    headBefore: headBefore ?? emptyHead(keyring.storeId, accountId).toString('hex'),
    head: Buffer.from(last.head).toString('hex'),
    asides: await store.segments.asides(accountId, after + 1, upTo),
  }
  // No standby may be without what was archived.
  await store.replicated()
  const file = segmentFile(header)
  await files.make(file, linesOf(vault, header))
  return file
}

/** @throws SegmentFault where the trail does not hold: then it stays where it is */
async function* linesOf(vault: ArchiveVault, header: SegmentHeader): AsyncGenerator<string> {
  const { accountId, firstSeq, lastSeq } = header
  yield segmentHeader(header)
  let head: Uint8Array = Buffer.from(header.headBefore, 'hex')
  for (let seq = firstSeq - 1; seq < lastSeq; ) {
    const limit = Math.min(pageRecords, lastSeq - seq)
    const page = await vault.store.recordsAfter(accountId, seq, limit)
    if (page.length === 0) throw new SegmentFault(seq + 1, 'The record is missing.')
    for (const { record, head: stated } of page) {
      if (record.seq !== seq + 1) throw new SegmentFault(seq + 1, 'The record is missing.')
      if (!isKnownFormat(record.format)) throw new SegmentFault(record.seq, 'The record is of an unknown format.')
      const line = encodeRecord(record)
      head = nextHeadOf(head, line)
      if (!Buffer.from(stated).equals(head)) throw new SegmentFault(record.seq, 'The record was changed.')
      seq = record.seq
      yield line
    }
  }
  yield checkpointLine(signedCheckpoint(vault, { accountId, size: lastSeq, head }))
}

/** @throws SegmentFault */
async function readToEnd(source: SegmentSource, key: string, firstSeq?: number): Promise<WholeSegment> {
  const records = readSegment(source.lines, key, firstSeq, recordsInTurn)
  for (;;) {
    const next = await records.next()
    if (next.done === true) return next.value
    await setImmediate()
  }
}

/** What came back for a time that is over goes again, where its file is as it was. */
async function endRestoring(working: Working, watch: ArchiveWatch, signal: AbortSignal): Promise<void> {
  const { vault } = working
  const now = vault.now()
  for (const segment of await vault.store.segments.pastRestoring(now)) {
    if (signal.aborted) return
    const { accountId, file, firstSeq, lastSeq } = segment
    try {
      const { hash } = await readFile(working, file, firstSeq)
      if (hash !== segment.hash) throw new SegmentFault(firstSeq, `The file ${file} of the archive is another.`)
      if (await submit(working, accountId, { kind: 'end_restoring', lastSeq, now })) watch.onEnded(segment)
    } catch (error) {
      watch.onFailure(accountId, error)
    }
  }
}

/**
 * Brings the records of a segment back into the database, until a time.
 *
 * @param open opens the file, each time from its beginning
 * @returns what it is; nothing while somebody else archives
 * @throws Refusal `invalid` for what is no segment of this store, or not the one that was archived
 */
export async function restoreSegment(
  vault: ArchiveVault,
  open: () => Promise<SegmentSource | undefined>,
  until: number,
  host: HostAsker,
): Promise<AuditSegment | undefined> {
  let restored: AuditSegment | undefined
  await leadOnce(
    vault,
    {
      name: archiveLease,
      work: async (lease, signal) => {
        const segment = await knownSegment(vault, open)
        const working = { vault, lease, host }
        const { accountId, lastSeq, hash } = segment
        const asked = { kind: 'restore_segment', lastSeq, hash, until } as const
        if (!(await submit(working, accountId, { ...asked, isWhole: false }))) throw notHeld()
        const again = await open()
        if (again === undefined) throw noSegment('The file is gone.')
        for await (const page of readSegment(again.lines, verifierKeyOf(vault))) {
          if (signal.aborted || !(await vault.store.segments.bringBack(lease, page))) throw notHeld()
        }
        // It was read twice: what came is what was looked at.
        if (again.hash !== hash) throw noSegment('The file was changed meanwhile.')
        if (!(await submit(working, accountId, { ...asked, isWhole: true }))) throw notHeld()
        restored = segment
      },
    },
    new AbortController().signal,
  )
  return restored
}

async function knownSegment(
  vault: ArchiveVault,
  open: () => Promise<SegmentSource | undefined>,
): Promise<AuditSegment> {
  const source = await open()
  if (source === undefined) throw noSegment('There is no such file.')
  const whole = await readToEnd(source, verifierKeyOf(vault)).catch((error: unknown) => {
    throw error instanceof SegmentFault ? noSegment(`Record ${error.seq}: ${error.message}`) : error
  })
  if (whole.storeId !== vault.keyring.storeId) throw noSegment('It is of another store.')
  const [segment] = await vault.store.segments.after(whole.accountId, whole.lastSeq - 1)
  if (segment?.lastSeq !== whole.lastSeq) throw noSegment('Its records are not archived: the database has them.')
  if (!isAuthentic(vault, segment) || segment.hash !== source.hash) {
    throw noSegment('It is not the file that was archived. Run "strongroom audit verify".')
  }
  return segment
}

function noSegment(reason: string): Refusal {
  return invalid('FILE', reason)
}

function notHeld(): Refusal {
  return new Refusal('overloaded', 'Somebody else began to archive meanwhile. Try again.')
}

/** @returns whether it happened: not when the lease is not held any more, or the database has it otherwise */
async function submit<K extends Kind & ('archive_records' | 'restore_segment' | 'end_restoring')>(
  { vault, lease, host }: Omit<Working, 'files'>,
  accountId: number,
  operation: Op<K>,
): Promise<boolean> {
  const caller =
    host === undefined
      ? ({ kind: 'system', accountId } as const)
      : { kind: 'host' as const, accountId, name: host.name }
  const requestId = host?.requestId ?? 'audit-archive'
  const outcome = await vault.store.submit<K>({ caller, requestId, address: 'host', operation, lease })
  if (outcome.kind === 'done') return true
  if (outcome.kind === 'outdated') return false
  if (outcome.kind === 'forged') {
    throw new Refusal('integrity_failure', 'A row of the archive is not authentic. Run "strongroom audit verify".')
  }
  throw new Refusal(outcome.code, outcome.message)
}
