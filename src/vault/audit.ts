/** The audit trail: read it, and verify it. */
import { emptyHead } from '../audit/chain.ts'
import type { Checkpoint } from '../audit/checkpoint.ts'
import { exportHeader } from '../audit/export.ts'
import { asides, encodeRecord, isKnownFormat } from '../audit/record.ts'
import { Replay } from '../audit/state.ts'
import { type Anchor, type StoredRecord, unknownFormat, type Verdict, verifyChain } from '../audit/verify.ts'
import { invalid, Refusal } from '../errors.ts'
import type { Account } from '../model/account.ts'
import { managesAccount } from '../model/scope.ts'
import { LongMaps } from '../store/long-map.ts'
import type { RecordFilter } from '../store/store.ts'
import { accountState, Findings } from './account-state.ts'
import { viewOf } from './audit-view.ts'
import { runLongWork } from './long-work.ts'
import { filterInTurns, Pace } from './scan-in-turns.ts'
import { type AuditView, seenOf } from './seen.ts'
import { IndexCheck } from './trail-index-check.ts'
import { stretchesWith } from './trail-search.ts'
import { firstAt } from './trail-times.ts'
import { type Asker, ask, type Vault } from './vault.ts'

export interface AuditFilter extends Omit<RecordFilter, 'before' | 'window' | 'limit' | 'environmentId' | 'aside'> {
  /** By its name. */
  readonly environment?: string | undefined
}

/** Records looked at in one query, so that a rare match does not hold the store up. */
const lookedAtOnce = 10_000
/** And for one page, and queries; then the caller gets what there is and a cursor. */
const maxLookedAt = 1_000_000
const maxQueries = 1000
const verifyPage = 2000
/** Records that one request verifies: some tenths of a second. */
const verifiedAtOnce = 50_000

export interface AuditPage {
  readonly accountId: number
  readonly records: readonly StoredRecord[]
  /** What environments are called now. */
  readonly view: Pick<AuditView, 'nameOf'>
  /** Whether what records are besides is for the asker. */
  readonly isManaged: boolean
  /** Where the next page begins; `undefined` when there is none. */
  readonly next: number | undefined
}

/**
 * Reads records newest first. Reading is itself recorded, before anything is read.
 *
 * @param before where to begin, given the account, once the asker is known to it
 */
export async function readAudit(
  vault: Vault,
  asker: Asker,
  filter: AuditFilter,
  limit: number,
  before: (accountId: number) => number,
): Promise<AuditPage> {
  const { accountId, scopes } = await ask(vault, asker, { kind: 'read_audit' })
  const view = await viewOf(vault, asker, accountId, scopes)
  const { environment: named, ...others } = filter
  const isManaged = managesAccount(scopes)
  const match = { ...others, ...actionFor(isManaged, filter.action) }
  const environmentId = named === undefined ? undefined : view.idOf(named)
  if (named !== undefined && environmentId === undefined)
    return { accountId, records: [], view, isManaged, next: undefined }
  const within = await withinTimes(vault, accountId, filter)
  const { first, last } = { ...within, last: Math.min(within.last, before(accountId) - 1) }
  const sought = { ...match, environmentId }
  const records: StoredRecord[] = []
  const pace = new Pace()
  let [looked, queries] = [0, 0]
  for await (const { after, upTo } of stretchesWith(vault, accountId, sought, { first, last }, lookedAtOnce)) {
    const isEnough = () => records.length >= limit || looked >= maxLookedAt || queries >= maxQueries
    let next = upTo + 1
    for (; next > after + 1 && !isEnough(); queries++) {
      const part = { before: next, window: next - after - 1, limit: limit - records.length }
      const page = await vault.store.recordsBefore(accountId, { ...sought, ...part })
      records.push(...(await filterInTurns(page.records, ({ record }) => view.maySee(seenOf(record)), pace)))
      next = page.next
    }
    if (next > after + 1) return { accountId, records, view, isManaged, next }
    looked += upTo - after
  }
  return { accountId, records, view, isManaged, next: undefined }
}

/** Which records an action stands for: what they are besides, for who manages the account; nobody else has such. */
export function actionFor(isManaged: boolean, action: string | undefined): Pick<RecordFilter, 'action' | 'aside'> {
  return isManaged && asides.some((one) => one === action) ? { action: undefined, aside: action } : { action }
}

/** The records of the times that are asked for, of those that there are. */
async function withinTimes(
  vault: Vault,
  accountId: number,
  { from, to }: AuditFilter,
): Promise<{ readonly first: number; readonly last: number }> {
  const size = await vault.store.auditSize(accountId)
  return {
    first: from === undefined ? 1 : await firstAt(vault, accountId, size, from),
    last: to === undefined ? size : (await firstAt(vault, accountId, size, to + 1)) - 1,
  }
}

export interface AccountVerdict extends Verdict {
  readonly name: string
  /** Records up to the newest checkpoint; `undefined` without one. */
  readonly anchored: number | undefined
  /** What its index has otherwise than the trail says, and the other tables, where they were compared. */
  readonly differences: readonly string[]
}

export interface VerifyOptions {
  readonly checkpoints?: readonly Checkpoint[]
  /** Whether to hold the tables against the trail. */
  readonly state?: boolean
  /** Told of how many records were looked at since the last time. */
  readonly onRecords?: (count: number) => void
}

/**
 * Recomputes the chain of every account, while the server may go on writing: the state is read first, and the records
 * up to it are then verified.
 */
export async function* verifyAudit(
  vault: Pick<Vault, 'store' | 'keyring'>,
  { checkpoints = [], ...options }: VerifyOptions = {},
): AsyncGenerator<AccountVerdict> {
  const before = await vault.store.accounts()
  const accounts = new Set(before.map(({ id }) => id))
  for (const account of before) {
    const own = checkpoints.filter(({ accountId }) => accountId === account.id)
    yield verifyAccount(vault, account, own, options)
  }
  for (const { accountId, size, head } of checkpoints) {
    if (accounts.has(accountId)) continue
    const fault = { seq: 1, reason: 'The account is missing: a checkpoint states that there was one.' }
    yield { accountId, name: '', size: 0, head, fault, anchored: size, differences: [] }
  }
}

async function verifyAccount(
  vault: Pick<Vault, 'store' | 'keyring'>,
  account: Account,
  checkpoints: readonly Checkpoint[],
  { state: withState = false, onRecords = () => {} }: Omit<VerifyOptions, 'checkpoints'>,
): Promise<AccountVerdict> {
  const maps = new LongMaps()
  try {
    const { id, name } = account
    const { storeId } = vault.keyring
    const findings = new Findings()
    const replay = withState ? new Replay(account.auditSize, () => maps.make()) : undefined
    if (replay !== undefined) await accountState(vault, id, (one) => replay.hold(one), findings)
    // Read again: the trail must reach over everything that the tables show.
    const latest = (await vault.store.account(id)) ?? account
    const { auditSize, auditHead } = latest
    const expected = { size: auditSize, head: auditSize === 0 ? emptyHead(storeId, id) : auditHead }
    const index = await IndexCheck.of(vault, id, findings)
    const records = followed(recordsUpTo(vault, id, auditSize), replay, index, onRecords)
    const verdict = await verifyChain(storeId, id, records, expected, checkpoints)
    if (replay !== undefined) {
      for (const difference of replay.differences()) findings.push(difference)
      for (const difference of replay.givenAgain(latest)) findings.push(difference)
    }
    return {
      ...verdict,
      name,
      anchored: checkpoints.length === 0 ? undefined : Math.max(...checkpoints.map(({ size }) => size)),
      differences: verdict.fault === undefined ? findings.list() : [],
    }
  } finally {
    maps.close()
  }
}

/** A part of a trail, verified. */
export interface PartVerdict extends Verdict {
  /** Records that the account has. */
  readonly total: number
}

/**
 * Recomputes a part of the asker's own trail. The next part begins where it ends.
 *
 * @param after a point of the trail that the asker knows: the end of an earlier part, or a head kept from long ago, which
 *   then must be what the trail has there
 * @throws Refusal `forbidden`, `invalid` for a point beyond the trail, `overloaded`
 */
export function verifyPart(vault: Vault, asker: Asker, accountId: number, after: Anchor | undefined) {
  return runLongWork(vault, 'verify', accountId, async (): Promise<PartVerdict> => {
    const { id, auditSize: total, auditHead } = await ask(vault, asker, { kind: 'verify_audit' })
    const { storeId } = vault.keyring
    const from = after ?? { size: 0, head: emptyHead(storeId, id) }
    if (from.size > total) throw invalid('after', `The trail has ${total} records.`)
    const last = await recordAt(vault, id, from.size)
    const isKnown = Buffer.compare(last?.head ?? emptyHead(storeId, id), from.head) === 0
    if (!isKnown || (from.size > 0 && last === undefined)) {
      const fault = { seq: from.size, reason: 'The chain up to here is not the one that was asked about.' }
      return { accountId: id, size: from.size, head: from.head, fault, total }
    }
    const size = Math.min(total, from.size + verifiedAtOnce)
    const head = size === total ? auditHead : ((await recordAt(vault, id, size))?.head ?? from.head)
    const records = recordsUpTo(vault, id, size, from.size)
    const start = { ...from, time: last?.record.time ?? 0 }
    const verdict = await verifyChain(storeId, id, records, { size, head }, [], start)
    if (verdict.fault !== undefined) vault.onIntegrityFailure('account')
    return { ...verdict, total }
  })
}

async function recordAt({ store }: Vault, accountId: number, seq: number): Promise<StoredRecord | undefined> {
  if (seq === 0) return undefined
  const [found] = await store.recordsAfter(accountId, seq - 1, 1)
  return found?.record.seq === seq ? found : undefined
}

async function* followed(
  pages: AsyncIterable<readonly StoredRecord[]>,
  replay: Replay | undefined,
  index: IndexCheck,
  onRecords: (count: number) => void,
): AsyncGenerator<readonly StoredRecord[]> {
  for await (const page of pages) {
    onRecords(page.length)
    await index.take(page.map(({ record }) => record))
    if (replay !== undefined) for (const { record } of page) replay.take(record)
    yield page
  }
}

/** The lines of an export of an account's records, after one, up to those that there are now. */
export async function* exportLines(
  vault: Pick<Vault, 'store' | 'keyring'>,
  { id, auditSize }: Account,
  after: number,
): AsyncGenerator<string> {
  yield exportHeader({ storeId: vault.keyring.storeId, accountId: id, after })
  for await (const page of recordsUpTo(vault, id, auditSize, after)) {
    for (const { record } of page) {
      if (!isKnownFormat(record.format)) throw new Refusal('integrity_failure', unknownFormat(record.format))
      yield encodeRecord(record)
    }
  }
}

async function* recordsUpTo(
  { store }: Pick<Vault, 'store'>,
  accountId: number,
  size: number,
  after = 0,
): AsyncGenerator<readonly StoredRecord[]> {
  const pageAfter = (last: number) => (last < size ? store.recordsAfter(accountId, last, verifyPage) : undefined)
  for (let next = pageAfter(after); next !== undefined; ) {
    const page = await next
    const last = page.at(-1)?.record.seq ?? size
    // The store finds the next page while this one is hashed.
    next = pageAfter(last)
    next?.catch(() => {})
    yield last > size ? page.filter(({ record }) => record.seq <= size) : page
  }
}
