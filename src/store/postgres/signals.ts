/**
 * Nodes tell one another that trails have grown, by LISTEN and NOTIFY: after COMMIT, and never in the transaction of a batch, as
 * NOTIFY takes a lock over the whole database when it commits. What is lost of it is found by looking (`growth.ts`).
 */
import { setTimeout } from 'node:timers/promises'
import { type Grown, Growth } from '../growth.ts'
import type { Query } from '../sql.ts'
import type { NamedRow } from '../tables/field.ts'
import { type Connection, open } from './connect.ts'
import { cut, Deadline, within } from './deadline.ts'
import type { Hosts } from './hosts.ts'

/** What grew meanwhile goes together: each message is a statement and a commit more. */
const pauseMs = 100
/** Accounts in one message: it may have fewer than 8,000 bytes. */
const saidAtOnce = 250
/** Between two tries to listen, at first and at most. */
const firstPauseMs = 100
const maxPauseMs = 5_000
const goodbyeMs = 1_000

type Ask = (query: Query) => Promise<readonly NamedRow[]>

export class Signals {
  readonly #hosts: Hosts
  readonly #growth: Growth
  readonly #ask: Ask
  /** What is to be said: how far the trails of these accounts go. */
  readonly #unsaid = new Map<number, number>()
  #saying: Promise<void> | undefined
  #channel = ''
  #client: Connection | undefined
  #isListening = false
  #isClosed = false

  /** @param ask over a connection that others use too */
  constructor(hosts: Hosts, ask: Ask) {
    this.#hosts = hosts
    this.#growth = new Growth(ask)
    this.#ask = ask
    // Whoever was the primary says nothing more.
    hosts.onChange(() => this.#client !== undefined && cut(this.#client))
  }

  /** Each store of a database has its own. */
  take(storeId: string): void {
    this.#channel = `strongroom_${storeId}`
  }

  /** Listens to other nodes, from the first follower on. @see Store.follow */
  follow(...follower: Parameters<Growth['follow']>): () => void {
    if (!this.#isListening) {
      this.#isListening = true
      void this.#keepListening()
    }
    return this.#growth.follow(...follower)
  }

  /** Tells of trails as a commit left them: here at once, and others soon. */
  tell(trails: Iterable<Grown>): void {
    for (const { id, auditSize } of this.#growth.note(trails)) this.#unsaid.set(id, auditSize)
    if (this.#unsaid.size === 0 || this.#isClosed) return
    this.#saying ??= this.#sayAll().finally(() => {
      this.#saying = undefined
    })
  }

  /** Says what is left to be said, unless that takes long. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#growth.stop()
    const last = (this.#saying ?? Promise.resolve()).then(() => this.#sayNext())
    await within(new Deadline(goodbyeMs), last).catch(() => {})
    if (this.#client !== undefined) cut(this.#client)
  }

  async #sayAll(): Promise<void> {
    while (this.#unsaid.size > 0 && !this.#isClosed) {
      await this.#sayNext()
      if (!this.#isClosed) await setTimeout(pauseMs, undefined, { ref: false })
    }
  }

  /** Nothing waits for it, and nothing is lost with it: so its commit waits for no disk. */
  async #sayNext(): Promise<void> {
    const said = [...this.#unsaid].slice(0, saidAtOnce)
    if (said.length === 0) return
    for (const [id] of said) this.#unsaid.delete(id)
    const query = {
      sql: `select set_config('synchronous_commit', 'off', true), pg_notify(?, ?)`,
      parameters: [this.#channel, said.map(([id, size]) => `${id}:${size}`).join(' ')],
    }
    await this.#ask(query).catch(() => {})
  }

  async #keepListening(): Promise<void> {
    for (let pause = firstPauseMs; !this.#isClosed; pause = Math.min(2 * pause, maxPauseMs)) {
      try {
        await this.#listen(() => {
          pause = firstPauseMs
        })
      } catch {
        // A database that cannot do so is looked at, as one that is away.
      }
      this.#growth.isHearing = false
      if (!this.#isClosed) await setTimeout(pause, undefined, { ref: false })
    }
  }

  /** Resolves when the connection has ended. */
  async #listen(onBegin: () => void): Promise<void> {
    const client = await open(await this.#hosts.primary())
    const ended = new Promise<void>((resolve) => client.once('end', resolve))
    this.#client = client
    try {
      client.on('notification', ({ payload }) => this.#growth.note(grownIn(payload ?? '')))
      await client.query(`listen ${this.#channel}`)
      if (this.#isClosed) return
      this.#growth.isHearing = true
      onBegin()
      // What was said while nobody listened.
      await this.#growth.look()
      await ended
    } finally {
      this.#client = undefined
      cut(client)
    }
  }
}

/** What another node said; nothing of what is none of it. */
function grownIn(text: string): readonly Grown[] {
  return text.split(' ').flatMap((word) => {
    const [, id, size] = /^(\d{1,15}):(\d{1,15})$/.exec(word) ?? []
    return id === undefined || size === undefined ? [] : [{ id: Number(id), auditSize: Number(size) }]
  })
}
