/** The audit trail: read it, and verify it. */

import { emptyHead } from '../audit/chain.ts'
import type { Checkpoint } from '../audit/checkpoint.ts'
import { exportHeader } from '../audit/export.ts'
import { asides, encodeRecord, isKnownFormat } from '../audit/record.ts'
import { SegmentFault, type SegmentFiles } from '../audit/segment.ts'
import { Replay } from '../audit/state.ts'
import { type StoredRecord, unknownFormat, type Verdict, verifyChain } from '../audit/verify.ts'
import { Refusal } from '../errors.ts'
import type { Account } from '../model/account.ts'
import { managesAccount } from '../model/scope.ts'
import { LongMaps } from '../store/long-map.ts'
import type { RecordSought } from '../store/store.ts'
import { accountState, destroyedFaults, Findings } from './account-state.ts'
import { startOf, wholeTrail } from './archived-trail.ts'
import { type Archived, findRecords } from './audit-search.ts'
import { viewOf } from './audit-view.ts'
import type { AuditView } from './seen.ts'
import { IndexCheck } from './trail-index-check.ts'
import { spanOf } from './trail-times.ts'
import { type Asker, ask, type Vault } from './vault.ts'

export interface AuditFilter extends Omit<RecordSought, 'environmentId' | 'aside'> {
  /** By its name. */
  readonly environment?: string | undefined
}

export interface AuditPage {
  readonly accountId: number
  readonly records: readonly StoredRecord[]
  /** What environments are called now. */
  readonly view: Pick<AuditView, 'nameOf'>
  /** Whether what records are besides is for the asker. */
  readonly isManaged: boolean
  /** Where the next page begins; `undefined` when there is none. */
  readonly next: number | undefined
  /** What was passed over, as it is archived. */
  readonly archived: Archived | undefined
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
  // First: what an environment that is made meanwhile has is not passed over, but looked at the next time.
  const size = await vault.store.auditSize(accountId)
  const view = await viewOf(vault, asker, accountId, scopes)
  const { environment: named, ...others } = filter
  const isManaged = managesAccount(scopes)
  const match = { ...others, ...actionFor(isManaged, filter.action) }
  const environmentId = named === undefined ? undefined : view.idOf(named)
  if (named !== undefined && environmentId === undefined)
    return { accountId, records: [], view, isManaged, next: undefined, archived: undefined }
  const within = await spanOf(vault, accountId, size, filter)
  const range = { first: within.first, last: Math.min(within.last, before(accountId) - 1) }
  const found = await findRecords(vault, accountId, { ...match, environmentId }, range, view, limit)
  return { accountId, view, isManaged, ...found }
}

/** Which records an action stands for: what they are besides, for who manages the account; nobody else has such. */
export function actionFor(isManaged: boolean, action: string | undefined): Pick<RecordSought, 'action' | 'aside'> {
  return isManaged && asides.some((one) => one === action) ? { action: undefined, aside: action } : { action }
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
  /** Where archived records are. */
  readonly files?: SegmentFiles | undefined
  /** Whether what is archived is passed over where its files are not known: then nothing is held against the tables. */
  readonly isArchiveOptional?: boolean
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
  {
    state: withState = false,
    onRecords = () => {},
    files,
    isArchiveOptional = false,
  }: Omit<VerifyOptions, 'checkpoints'>,
): Promise<AccountVerdict> {
  const maps = new LongMaps()
  try {
    const { id, name } = account
    const { storeId } = vault.keyring
    const findings = new Findings()
    const start = files === undefined && isArchiveOptional ? await startOf(vault, id) : undefined
    const isWhole = start === undefined
    const replay = withState && isWhole ? new Replay(account.auditSize, () => maps.make()) : undefined
    if (replay !== undefined) await accountState(vault, id, (one) => replay.hold(one), findings)
    // Read again: the trail must reach over everything that the tables show.
    const latest = (await vault.store.account(id)) ?? account
    const { auditSize, auditHead } = latest
    const expected = { size: auditSize, head: auditSize === 0 ? emptyHead(storeId, id) : auditHead }
    const index = await IndexCheck.of(vault, id, findings)
    const stretch = { accountId: id, after: start?.size ?? 0, upTo: auditSize }
    const trail = new Trail(wholeTrail(vault, stretch, files))
    const records = followed(trail.pages(), replay, index, onRecords)
    const found = await verifyChain(storeId, id, records, expected, checkpoints, start)
    const verdict = trail.fault === undefined ? found : { ...found, fault: trail.fault }
    if (replay !== undefined) {
      for (const difference of replay.differences()) findings.push(difference)
      for (const difference of replay.givenAgain(latest)) findings.push(difference)
      for await (const fault of destroyedFaults(vault, id, replay.destroyed())) findings.push(fault)
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

/** Pages up to where an archived segment does not hold, which is then known. */
class Trail {
  readonly #pages: AsyncIterable<readonly StoredRecord[]>
  fault: Verdict['fault']

  constructor(pages: AsyncIterable<readonly StoredRecord[]>) {
    this.#pages = pages
  }

  async *pages(): AsyncGenerator<readonly StoredRecord[]> {
    try {
      yield* this.#pages
    } catch (error) {
      if (!(error instanceof SegmentFault)) throw error
      this.fault = { seq: error.seq, reason: error.message }
    }
  }
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
  files?: SegmentFiles,
): AsyncGenerator<string> {
  yield exportHeader({ storeId: vault.keyring.storeId, accountId: id, after })
  for await (const page of wholeTrail(vault, { accountId: id, after, upTo: auditSize }, files)) {
    for (const { record } of page) {
      if (!isKnownFormat(record.format)) throw new Refusal('integrity_failure', unknownFormat(record.format))
      yield encodeRecord(record)
    }
  }
}
