/**
 * A bounded number of connections to the primary. `pg.Pool` keeps, lends and queues them; what it does not do is here: to
 * follow the primary, to serve whoever waits already when it is closed, and to let go of connections that hang.
 */
import { Pool as PgPool, type PoolClient } from 'pg'
import { Refusal } from '../../errors.ts'
import { Connection, connectTimeoutMs, type Host, prepare, type Settings } from './connect.ts'
import { cut, Deadline, within } from './deadline.ts'
import type { Hosts } from './hosts.ts'

/** A connection that is let go of says goodbye for so long. */
const goodbyeMs = 1_000

export class Pool {
  readonly #hosts: Hosts
  readonly #pool: PgPool
  readonly #open = new Set<PoolClient>()
  readonly #taken = new Set<PoolClient>()
  readonly #waiting = new Set<Promise<PoolClient>>()
  #closing: Promise<void> | undefined

  /**
   * @param max connections at once
   * @param settings of their sessions
   */
  constructor(hosts: Hosts, max: number, settings: Settings = {}) {
    this.#hosts = hosts
    this.#pool = new PgPool({
      max,
      idleTimeoutMillis: 0,
      connectionTimeoutMillis: connectTimeoutMs,
      Client: class extends Connection {
        constructor() {
          super(hosts.current)
        }
      },
      verify: (client, done) => void prepare(client, settings).then(() => done(), done),
    })
    // Whoever was idle is gone then, and the next query opens another.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => this.#open.add(client))
    this.#pool.on('remove', (client) => this.#open.delete(client))
    hosts.onChange((primary) => this.#follow(primary))
  }

  /** @throws Refusal `audit_unavailable` when it is closed, or nobody answers */
  async take(deadline: Deadline): Promise<PoolClient> {
    if (this.#closing !== undefined) throw closed()
    const taking = this.#take()
    this.#waiting.add(taking)
    taking.then(
      () => this.#waiting.delete(taking),
      () => this.#waiting.delete(taking),
    )
    try {
      return await within(deadline, taking, (client) => this.giveBack(client))
    } catch (error) {
      throw this.#hosts.refusal(error)
    }
  }

  /** Takes a connection back that works. */
  giveBack(client: PoolClient): void {
    this.#taken.delete(client)
    client.release()
  }

  /** Breaks a connection that may hang: nobody waits for it. */
  discard(client: PoolClient): void {
    this.#taken.delete(client)
    cut(client)
    client.release(true)
  }

  /** Serves who already waits, then ends every connection. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.allSettled(this.#waiting)
    await this.#pool.end()
    const goodbye = Promise.all([...this.#open].map(gone))
    await within(new Deadline(goodbyeMs), goodbye).catch(() => {
      for (const client of this.#open) cut(client)
    })
  }

  async #take(): Promise<PoolClient> {
    for (let tries = 1; ; tries++) {
      const host = await this.#hosts.primary()
      try {
        const client = await this.#pool.connect()
        this.#taken.add(client)
        if (isTo(client, this.#hosts.current)) return client
        this.discard(client)
      } catch (error) {
        const { fault } = new Connection(host)
        if (!this.#hosts.mayBeElsewhere(host, error) || tries >= 3) throw fault ?? error
      }
    }
  }

  /** Leaves every connection to another host; where the only host is in doubt, those that nobody uses. */
  #follow(primary: Host | undefined): void {
    for (const client of this.#open) {
      const isLeft = primary === undefined ? !this.#taken.has(client) : !isTo(client, primary)
      if (isLeft) cut(client)
    }
  }
}

function isTo(client: PoolClient, host: Host): boolean {
  return client instanceof Connection && client.to.url === host.url
}

function gone(client: PoolClient): Promise<void> {
  return new Promise((resolve) => client.once('end', resolve))
}

function closed(): Refusal {
  return new Refusal('audit_unavailable', 'The store is closed.')
}
