/** How a batch ends: what it writes and COMMIT in one round trip, and what is known of it then. */
import { type Client, DatabaseError } from 'pg'
import type { Decided, Setting } from '../load.ts'
import type { Locked } from '../owners.ts'
import { trailOnly } from '../trail-only.ts'
import { stepsOf } from '../writes.ts'
import { cutAfter, isBroken } from './deadline.ts'
import type { PostgresTransaction } from './transaction.ts'

/** COMMIT is never cancelled, but nobody waits for it for ever. */
const commitMs = 3_000
/**
 * A message in the WAL that nobody reads, committed as a row is: on the disk, and on the standbys that commits wait for. So is
 * all that was committed before it.
 */
export const settling = { name: 'settle', text: `select pg_logical_emit_message(true, 'strongroom', 'ready') as at` }
/** https://github.com/postgres/postgres/blob/master/src/backend/replication/syncrep.c: such a COMMIT "succeeds". */
const cancelledSync = /^cancell?ing (the )?wait for synchronous replication/i

export type Attempt =
  | { readonly kind: 'committed'; readonly accounts: Locked; readonly decided: Decided }
  /** Nothing happened. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Nothing happened: more than the trail is to be changed, for which nobody else of the accounts may be at it. */
  | { readonly kind: 'changing' }
  /** COMMIT was sent, and whether it took effect everywhere nobody said. */
  | { readonly kind: 'unknown'; readonly error: unknown }

/** What is sent with COMMIT. */
interface Writing {
  /** @returns the accounts, as they are afterwards */
  readonly write: (transaction: PostgresTransaction) => Promise<Locked>
  /** Whether COMMIT waits for nothing, so that a message in the WAL after it must be made durable, and all before it is. */
  readonly isRelaxed: boolean
}

export function writingOf({ changes, accounts }: Decided, { keepVersions }: Setting): Writing {
  const write = async (transaction: PostgresTransaction) => {
    await transaction.write(stepsOf(changes, keepVersions))
    return accounts
  }
  return { write, isRelaxed: false }
}

/** @returns nothing when something is to be changed */
export function appendingOf({ changes, now }: Decided, isBusy: boolean): Writing | undefined {
  const what = trailOnly(changes)
  if (what === undefined) return undefined
  const isRelaxed = isBusy && what.records.length > 0
  return { write: (transaction) => transaction.append(what, now, isRelaxed), isRelaxed }
}

/**
 * Sends the steps, and COMMIT with them: should a step fail, the database does not come to it. Once COMMIT was sent, an
 * answer that does not come leaves open what happened, unless the database has said of a step that it failed.
 */
export async function finish(
  client: Client,
  transaction: PostgresTransaction,
  { write, isRelaxed }: Writing,
  decided: Decided,
): Promise<Attempt> {
  if (isBroken(client)) return { kind: 'failed', error: new Error('The connection was lost before COMMIT was sent.') }
  const send = () =>
    Promise.all([write(transaction), transaction.commit(), ...(isRelaxed ? [client.query(settling)] : [])])
  try {
    const { result, cancelled } = await noticing(client, () => cutAfter(commitMs, client, send))
    const [accounts, command] = result
    if (cancelled !== undefined) return { kind: 'unknown', error: cancelled }
    if (command === 'COMMIT') return { kind: 'committed', accounts, decided }
    // Nothing of ours fails so: whatever was settled after it means nothing.
    return { kind: 'failed', error: new Error(`The database answered COMMIT with ${command}.`) }
  } catch (error) {
    const { failure } = transaction
    return failure instanceof DatabaseError ? { kind: 'failed', error: failure } : { kind: 'unknown', error }
  }
}

/** Notes when somebody cancels the wait for a standby: what was committed may be on this server alone. */
export async function noticing<Result>(
  client: Client,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly cancelled: Error | undefined }> {
  let cancelled: Error | undefined
  const onNotice = ({ message }: { message?: string | undefined }) => {
    if (message !== undefined && cancelledSync.test(message)) cancelled = new Error(message)
  }
  client.on('notice', onNotice)
  try {
    const result = await work()
    return { result, cancelled }
  } finally {
    client.off('notice', onNotice)
  }
}
