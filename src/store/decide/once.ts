/** Makes a request that is repeated under the same `Idempotency-Key` answer as the first did, and act no second time. */
import type { AuditObject } from '../../audit/record.ts'
import type { Idempotency } from '../naming.ts'
import type { Once } from '../operations/define.ts'
import type { Outcome } from '../outcome.ts'
import { type Kept, noSecret } from '../reply.ts'
import { overReplies, replies, replyLifetimeMs } from '../tables/reply.ts'
import { type Call, done, put, refuse } from './work.ts'

/** A key that came with a request, and what the record names where it was used for another one. */
interface Sent extends Idempotency {
  readonly object: AuditObject | null
}

/** Carries an operation out, unless that was done already under the same key. */
export function doOnce<Result>(
  call: Call,
  once: Once<Result>,
  idempotency: Sent,
  decide: () => Outcome<Result>,
): Outcome<Result> {
  const earlier = replay(call, once, idempotency)
  if (earlier !== undefined) return earlier
  const outcome = decide()
  if (outcome.kind === 'done') remember(call, idempotency, once.keep(outcome.result))
  return outcome
}

function replay<Result>(call: Call, once: Once<Result>, idempotency: Sent): Outcome<Result> | undefined {
  const reply = call.work.world.get(replies, call.account.id, call.key?.id ?? 0, idempotency.hash)
  if (reply === undefined || reply.createdAt <= call.work.world.now - replyLifetimeMs) return undefined
  if (reply.fingerprint !== idempotency.fingerprint) {
    const message = 'This Idempotency-Key was used for another request. Use a new one.'
    return refuse(call, idempotency.object, 'idempotency_mismatch', message)
  }
  const { object, result } = once.give(call, reply)
  done(call, object, result, 'replayed')
  return { kind: 'done', result, isReplayed: true }
}

function remember(call: Call, idempotency: Idempotency, kept: Kept | undefined): void {
  if (kept === undefined) return
  const { work, account } = call
  const { now } = work.world
  work.world.changes.drop(overReplies, { accountId: account.id, createdAt: now - replyLifetimeMs })
  const { secret, answer } = kept
  put(work, replies, {
    ...{ accountId: account.id, keyId: call.key?.id ?? 0 },
    ...{ hash: idempotency.hash, fingerprint: idempotency.fingerprint },
    ...{ secret, answer, createdAt: now },
  })
}

/** What JSON writes and reads back as it was. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** Rows of which all is kept but the fields that stand in `Blank`: those, nobody is ever shown. */
type Keepable<Row, Blank> = {
  readonly [Name in Exclude<keyof Row, keyof Blank>]: Row[Name] extends Json ? unknown : never
}

/**
 * Keeps a row that was made.
 *
 * @param blank what stands in the fields that are not kept: hashes of tokens, sealed values, MACs
 */
export function keptRow<Row extends object>() {
  return <Blank extends Partial<Row>>(blank: Keepable<Row, Blank> extends Record<string, unknown> ? Blank : never) => ({
    keep: (row: Row): Kept => ({ secret: noSecret, answer: JSON.stringify({ ...row, ...withoutAll(blank) }) }),
    give: ({ answer }: Kept): Row => ({ ...(JSON.parse(answer ?? '{}') as Row), ...blank }),
  })
}

function withoutAll(blank: object): object {
  return Object.fromEntries(Object.keys(blank).map((name) => [name, undefined]))
}

/** Of an operation that answers such a row. @param objectOf what the record of the answer names */
export function onceOf<Row>(
  { keep, give }: { readonly keep: (row: Row) => Kept; readonly give: (kept: Kept) => Row },
  objectOf: (row: Row) => AuditObject,
): Once<Row> {
  return {
    keep,
    give: (_call, kept) => {
      const row = give(kept)
      return { object: objectOf(row), result: row }
    },
  }
}

/** What the record of a repeated request names: what was made then, whatever it is now. */
export function objectAgain(
  kind: AuditObject['kind'],
  { id, uid }: { readonly id: number; readonly uid: string | null },
  name: string | null,
): AuditObject {
  return { kind, id, uid, name, version: null, hash: null }
}
