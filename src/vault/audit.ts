/** The audit trail: read it, and verify it. */
import { emptyHead } from '../audit/chain.ts'
import { type StoredRecord, type Verdict, verifyChain } from '../audit/verify.ts'
import { allows, allowsName, type Scope } from '../model/scope.ts'
import type { RecordFilter } from '../store/store.ts'
import { type Asker, ask, type Vault } from './vault.ts'

export type AuditFilter = Omit<RecordFilter, 'before' | 'window' | 'limit'>

/** Sequence numbers looked at in one query, so that a rare match does not hold the store up. */
const window = 10_000
/** Queries for one page; then the caller gets what there is and a cursor. */
const maxWindows = 100
const verifyPage = 2000

export interface AuditPage {
  readonly accountId: number
  readonly records: readonly StoredRecord[]
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
  const records: StoredRecord[] = []
  let next = before(accountId)
  for (let windows = 0; windows < maxWindows && next > 1 && records.length < limit; windows++) {
    const page = await vault.store.recordsBefore(accountId, {
      ...filter,
      before: next,
      window,
      limit: limit - records.length,
    })
    records.push(...page.records.filter((stored) => maySee(scopes, stored)))
    next = page.next
  }
  return { accountId, records, next: next > 1 ? next : undefined }
}

/** A narrowed `audit:read` sees the records of the secrets that its pattern matches. */
function maySee(scopes: readonly Scope[], { record }: StoredRecord): boolean {
  if (allows(scopes, 'audit:read')) return true
  return (
    record.object?.kind === 'secret' &&
    record.object.name !== null &&
    allowsName(scopes, 'audit:read', record.object.name)
  )
}

/**
 * Recomputes the chain of every account, while the server may go on writing: the state is read first, and the records
 * up to it are then verified.
 */
export async function* verifyAudit(
  vault: Pick<Vault, 'store' | 'keyring'>,
): AsyncGenerator<Verdict & { name: string }> {
  const { storeId } = vault.keyring
  for (const { id, name, auditSize, auditHead } of await vault.store.accounts()) {
    const expected = { size: auditSize, head: auditSize === 0 ? emptyHead(storeId, id) : auditHead }
    yield { name, ...(await verifyChain(storeId, id, recordsUpTo(vault, id, auditSize), expected)) }
  }
}

async function* recordsUpTo(
  { store }: Pick<Vault, 'store'>,
  accountId: number,
  size: number,
): AsyncGenerator<StoredRecord> {
  for (let last = 0; last < size; ) {
    const page = await store.recordsAfter(accountId, last, verifyPage)
    if (page.length === 0) return
    for (const stored of page) {
      if (stored.record.seq > size) return
      yield stored
    }
    last = page.at(-1)?.record.seq ?? size
  }
}
