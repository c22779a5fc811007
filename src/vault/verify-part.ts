/** A part of the asker's own trail, verified: what is in the database. */
import { emptyHead } from '../audit/chain.ts'
import { type Anchor, type Start, type StoredRecord, type Verdict, verifyChain } from '../audit/verify.ts'
import { invalid } from '../errors.ts'
import { pageRecords, startOf } from './archived-trail.ts'
import { runLongWork } from './long-work.ts'
import { type Asker, ask, type Vault } from './vault.ts'

/** Records that one request verifies: some tenths of a second. */
const verifiedAtOnce = 50_000

/** A part of a trail, verified. */
export interface PartVerdict extends Verdict {
  /** Records that the account has. */
  readonly total: number
  /** Records that are archived, and were passed over: it began after them. */
  readonly archived: number
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
    const asked = after ?? { size: 0, head: emptyHead(storeId, id) }
    if (asked.size > total) throw invalid('after', `The trail has ${total} records.`)
    const begin = await startOf(vault, id)
    if (begin !== undefined && begin.size > asked.size) {
      return verifyFrom(vault, { id, total, auditHead }, begin, begin.size - asked.size)
    }
    const known = begin?.size === asked.size ? begin : await startAt(vault, id, asked.size)
    if (known === undefined || !Buffer.from(known.head).equals(asked.head)) {
      const fault = { seq: asked.size, reason: 'The chain up to here is not the one that was asked about.' }
      return { accountId: id, size: asked.size, head: asked.head, fault, total, archived: 0 }
    }
    return verifyFrom(vault, { id, total, auditHead }, known, 0)
  })
}

async function startAt(vault: Vault, accountId: number, size: number): Promise<Start | undefined> {
  if (size === 0) return { size, head: emptyHead(vault.keyring.storeId, accountId), time: 0 }
  const found = await recordAt(vault, accountId, size)
  return found === undefined ? undefined : { size, head: found.head, time: found.record.time }
}

async function verifyFrom(
  vault: Vault,
  { id, total, auditHead }: { readonly id: number; readonly total: number; readonly auditHead: Uint8Array },
  from: Start,
  archived: number,
): Promise<PartVerdict> {
  const size = Math.min(total, from.size + verifiedAtOnce)
  const head = size === total ? auditHead : ((await recordAt(vault, id, size))?.head ?? from.head)
  const records = recordsUpTo(vault, id, size, from.size)
  const verdict = await verifyChain(vault.keyring.storeId, id, records, { size, head }, [], from)
  if (verdict.fault !== undefined) vault.onIntegrityFailure('account')
  return { ...verdict, total, archived }
}

async function recordAt({ store }: Vault, accountId: number, seq: number): Promise<StoredRecord | undefined> {
  if (seq === 0) return undefined
  const [found] = await store.recordsAfter(accountId, seq - 1, 1)
  return found?.record.seq === seq ? found : undefined
}

async function* recordsUpTo(
  { store }: Pick<Vault, 'store'>,
  accountId: number,
  size: number,
  after = 0,
): AsyncGenerator<readonly StoredRecord[]> {
  const pageAfter = (last: number) => (last < size ? store.recordsAfter(accountId, last, pageRecords) : undefined)
  for (let next = pageAfter(after); next !== undefined; ) {
    const page = await next
    const last = page.at(-1)?.record.seq ?? size
    // The store finds the next page while this one is hashed.
    next = pageAfter(last)
    next?.catch(() => {})
    yield last > size ? page.filter(({ record }) => record.seq <= size) : page
  }
}
