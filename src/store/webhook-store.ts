/** How webhooks go along the trail, as the vault sees it: what they are to be told is found by plain queries, and written under a lease. */
import type { Lease } from '../model/lease.ts'
import { type Delivery, keptDays, type Webhook } from '../model/webhook.ts'
import { all, literal, type Query, type Reading, reading, sql } from './sql.ts'
import type { NamedRow } from './tables/field.ts'
import { sweptAtOnce } from './tables/removal.ts'
import { deliveries, webhookPositions, webhooks } from './tables/webhook.ts'

export type { Leases } from './lease-store.ts'

interface Asked {
  query(query: Query): Promise<readonly NamedRow[]>
  underLease(lease: Lease, statements: readonly Query[]): Promise<boolean>
}

/** More that wait, and a webhook goes no further along the trail. */
export const maxWaiting = 1_000
/** Webhooks that are looked at in one piece. */
export const standingsAtOnce = 200
const dayMs = 86_400_000

/** A webhook with where it is. */
export interface Standing {
  readonly webhook: Webhook
  readonly seq: number
  readonly failingSince: number | null
}

/** A record that a webhook is to be told of. */
export type Wanted = Pick<Delivery, 'id' | 'action'>

/** How a try ended. */
export interface Tried extends Pick<Delivery, 'state' | 'nextAt' | 'status' | 'fault' | 'tookMs'> {
  /** Milliseconds since 1970. */
  readonly at: number
}

export class WebhookTrails {
  readonly #engine: Asked

  constructor(engine: Asked) {
    this.#engine = engine
  }

  /** Whether there is any webhook, or something left of one. */
  async isAny(): Promise<boolean> {
    const found = await this.#engine.query(sql`
      select 1 as one where exists (select 1 from webhooks) or exists (select 1 from webhook_positions)`)
    return found.length > 0
  }

  /** Those that have records before them, and room for what comes of these: some, after one. */
  behind(after: Pick<Webhook, 'accountId' | 'id'>): Promise<readonly Standing[]> {
    return this.#standing(sql`and p.seq < a.audit_size and (select count(*) from (
      select 1 as one from deliveries d
      where d.account_id = w.account_id and d.webhook_id = w.id and d.next_ms is not null limit ${literal(maxWaiting)}) open)
        < ${literal(maxWaiting)} and (w.account_id, w.id) > (${literal(after.accountId)}, ${literal(after.id)})`)
  }

  /** Those that something is to be sent to by then: some, after one. */
  due(now: number, after: Pick<Webhook, 'accountId' | 'id'>): Promise<readonly Standing[]> {
    return this.#standing(sql`and (w.account_id, w.id) > (${literal(after.accountId)}, ${literal(after.id)})
      and exists (select 1 from deliveries d
        where d.account_id = w.account_id and d.webhook_id = w.id and d.next_ms <= ${now} limit 1)`)
  }

  /** What is to be sent by then: those first that wait longest, and of these the oldest. */
  dueOf(
    { accountId, id }: Pick<Webhook, 'accountId' | 'id'>,
    now: number,
    limit: number,
  ): Promise<readonly Delivery[]> {
    return this.#all(
      reading(
        deliveries,
        sql`select ${all(deliveries)} from deliveries
          where account_id = ${accountId} and webhook_id = ${id} and next_ms <= ${now} order by next_ms, id limit ${limit}`,
      ),
    )
  }

  /**
   * Moves a webhook along the trail, unless it was moved meanwhile, with what it is to be told of between.
   *
   * @returns whether the lease was held; else nothing happened
   */
  follow(
    lease: Lease,
    { webhook: { accountId, id }, seq: from }: Standing,
    to: number,
    wanted: readonly Wanted[],
    now: number,
  ): Promise<boolean> {
    const moved = sql`update webhook_positions set seq = ${to}
      where account_id = ${accountId} and webhook_id = ${id} and seq = ${from}`
    const told = wanted.map(
      ({ id: seq, action }) => sql`
      insert into deliveries (${all(deliveries)})
      select ${literal(accountId)}, ${literal(id)}, ${literal(seq)}, cast(${action} as text), 'waiting', ${literal(now)},
        0, 0, ${literal(now)}, null, null, null, null
      from webhook_positions where account_id = ${accountId} and webhook_id = ${id} and seq = ${to}
      on conflict (account_id, webhook_id, id) do nothing`,
    )
    return this.#engine.underLease(lease, [moved, ...told])
  }

  /** Counts tries before they are made, so that whoever breaks off does not try for ever. @returns whether the lease was held */
  begin(lease: Lease, tried: readonly Delivery[], now: number): Promise<boolean> {
    return this.#engine.underLease(
      lease,
      tried.map(
        (delivery) => sql`update deliveries set attempts = attempts + 1, tries = tries + 1, attempted_ms = ${now}
        where ${isSame(delivery, delivery.attempts)}`,
      ),
    )
  }

  /** @param delivery as it was before its try was counted */
  finish(lease: Lease, delivery: Delivery, { state, nextAt, status, fault, tookMs, at }: Tried): Promise<boolean> {
    const { accountId, webhookId } = delivery
    const since = state === 'delivered' ? sql`null` : sql`coalesce(failing_since_ms, ${literal(at)})`
    return this.#engine.underLease(lease, [
      sql`update deliveries set state = ${state}, next_ms = ${nextAt}, status = ${status}, fault = ${fault},
          took_ms = ${tookMs}
        where ${isSame(delivery, delivery.attempts + 1)}`,
      sql`update webhook_positions set failing_since_ms = ${since}
        where account_id = ${accountId} and webhook_id = ${webhookId}`,
    ])
  }

  /** Takes away what nobody looks at any more: some of it. */
  sweep(lease: Lease, now: number): Promise<boolean> {
    const some = literal(sweptAtOnce)
    const gone = (table: Query) => sql`not exists (
      select 1 from webhooks w where w.account_id = ${table}.account_id and w.id = ${table}.webhook_id)`
    const of = (table: string): Query => ({ sql: table, parameters: [] })
    return this.#engine.underLease(lease, [
      sql`delete from deliveries where (account_id, webhook_id, id) in (
        select account_id, webhook_id, id from deliveries where created_ms < ${now - keptDays * dayMs}
        order by created_ms limit ${some})`,
      sql`delete from deliveries where (account_id, webhook_id, id) in (
        select d.account_id, d.webhook_id, d.id from webhook_positions p
        join deliveries d on d.account_id = p.account_id and d.webhook_id = p.webhook_id
        where ${gone(of('p'))} limit ${some})`,
      sql`delete from webhook_positions where ${gone(of('webhook_positions'))} and not exists (
        select 1 from deliveries d
        where d.account_id = webhook_positions.account_id and d.webhook_id = webhook_positions.webhook_id)`,
    ])
  }

  /** Of all accounts: what waits, for how long at the most, and what was given up. */
  async counts(now: number) {
    const [row] = await this.#engine.query(sql`
      select (select count(*) from deliveries where next_ms is not null) as waiting,
        (select count(*) from deliveries where state = 'failed') as failed,
        (select min(created_ms) from deliveries where next_ms is not null) as oldest`)
    const { waiting, failed, oldest } = row ?? {}
    const oldestMs = typeof oldest === 'number' ? Math.max(0, now - oldest) : 0
    return { waiting: Number(waiting ?? 0), failed: Number(failed ?? 0), oldestMs }
  }

  #standing(where: Query): Promise<readonly Standing[]> {
    return this.#all(
      reading(
        standing,
        sql`select ${all(webhooks, 'w')}, p.seq, p.failing_since_ms from webhooks w
          join webhook_positions p on p.account_id = w.account_id and p.webhook_id = w.id
          join accounts a on a.id = w.account_id
          where w.is_enabled = 1 ${where} order by w.account_id, w.id limit ${literal(standingsAtOnce)}`,
      ),
    )
  }

  async #all<Model>({ query, read }: Reading<Model>): Promise<readonly Model[]> {
    return (await this.#engine.query(query)).map((row) => read(row))
  }
}

const place = webhookPositions.part('seq', 'failingSince')
const standing = { read: (row: NamedRow): Standing => ({ webhook: webhooks.read(row), ...place.read(row) }) }

function isSame({ accountId, webhookId, id }: Delivery, attempts: number): Query {
  return sql`account_id = ${accountId} and webhook_id = ${webhookId} and id = ${id} and state = 'waiting'
    and attempts = ${attempts}`
}
