/** What is not a batch on PostgreSQL: single statements, and some together under a lease. */
import type { PoolClient } from 'pg'
import type { Lease } from '../../model/lease.ts'
import { holdLease } from '../lease-queries.ts'
import { numbered, type Query } from '../sql.ts'
import type { NamedRow } from '../tables/field.ts'
import { cutAfter, Deadline } from './deadline.ts'
import { noticing, settling } from './ending.ts'
import { isDoubtful, isSpent, toRefusal } from './failures.ts'
import type { Hosts } from './hosts.ts'
import { Pool } from './pool.ts'

/** Connections for what is not a batch: listings, the trail, health. */
const queryConnections = 8
const queryMs = 10_000

export class PlainQueries {
  readonly #hosts: Hosts
  /** Apart, so that no number of plain queries keeps a batch waiting. */
  readonly pool: Pool

  constructor(hosts: Hosts) {
    this.#hosts = hosts
    this.pool = new Pool(hosts, queryConnections)
  }

  async query({ sql, parameters, isSettled }: Query): Promise<readonly NamedRow[]> {
    const deadline = new Deadline(queryMs)
    for (let tries = 1; ; tries++) {
      const client = await this.pool.take(deadline)
      try {
        const ask = () => client.query<NamedRow>(numbered(sql), [...parameters])
        const answers = () => Promise.all([ask(), ...(isSettled === true ? [client.query(settling)] : [])])
        const { result, cancelled } = await noticing(client, () => cutAfter(deadline.left, client, answers))
        if (cancelled !== undefined) throw cancelled
        this.pool.giveBack(client)
        return result[0].rows
      } catch (error) {
        this.#discard(client, error)
        if (tries >= 3 || deadline.left === 0 || !isSpent(error)) throw toRefusal(error)
      }
    }
  }

  /**
   * Once COMMIT was sent and is not answered, whether it took effect is not known: the caller looks again at what is there.
   *
   * @see Engine
   */
  async underLease(lease: Lease, statements: readonly Query[]): Promise<boolean> {
    const deadline = new Deadline(queryMs)
    const client = await this.pool.take(deadline)
    const run = ({ sql, parameters }: Query) => client.query(numbered(sql), [...parameters])
    const work = async () => {
      await client.query('begin')
      const isHeld = (await run(holdLease('postgres', lease))).rows.length > 0
      if (isHeld) for (const statement of statements) await run(statement)
      await client.query(isHeld ? 'commit' : 'rollback')
      return isHeld
    }
    try {
      const { result, cancelled } = await noticing(client, () => cutAfter(deadline.left, client, work))
      if (cancelled !== undefined) throw cancelled
      this.pool.giveBack(client)
      return result
    } catch (error) {
      this.#discard(client, error)
      throw toRefusal(error)
    }
  }

  close(): Promise<void> {
    return this.pool.close()
  }

  #discard(client: PoolClient, error: unknown): void {
    this.pool.discard(client)
    if (isDoubtful(error)) this.#hosts.doubt()
  }
}
