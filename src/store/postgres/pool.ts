/** A bounded number of connections: whoever finds none free waits for one. */
import type { Client } from 'pg'
import { Refusal } from '../../errors.ts'

interface Waiting {
  readonly resolve: (client: Client) => void
  readonly reject: (error: unknown) => void
}

export class Pool {
  readonly #connect: () => Promise<Client>
  readonly #max: number
  readonly #idle: Client[] = []
  readonly #waiting: Waiting[] = []
  readonly #ending = new Set<Promise<void>>()
  readonly #drained: (() => void)[] = []
  #open = 0
  #isClosed = false

  /** @param max connections at once */
  constructor(connect: () => Promise<Client>, max: number) {
    this.#connect = connect
    this.#max = max
  }

  /** @throws Refusal `audit_unavailable` when it is closed, or nobody answers */
  take(): Promise<Client> {
    if (this.#isClosed) return Promise.reject(closed())
    const idle = this.#idle.pop()
    if (idle !== undefined) return Promise.resolve(idle)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#serve()
    })
  }

  /** Takes a connection back that works. */
  giveBack(client: Client): void {
    const next = this.#waiting.shift()
    if (next !== undefined) next.resolve(client)
    else if (this.#isClosed) this.discard(client)
    else this.#idle.push(client)
  }

  /** Lets go of a connection that may hang: nobody who asks waits for it to end. */
  discard(client: Client): void {
    this.#open--
    const ending = client.end().catch(() => {})
    this.#ending.add(ending)
    ending.then(() => this.#ending.delete(ending))
    this.#serve()
    this.#tellIfDrained()
  }

  /** Serves who already waits, then ends every connection. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const client of this.#idle.splice(0)) this.discard(client)
    if (this.#open > 0) await new Promise<void>((resolve) => this.#drained.push(resolve))
    await Promise.all(this.#ending)
  }

  #tellIfDrained(): void {
    if (this.#open > 0) return
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  /** Opens a connection for whoever waits longest, if there may be one more. */
  #serve(): void {
    if (this.#waiting.length === 0 || this.#open >= this.#max) return
    this.#open++
    this.#connect().then(
      (client) => this.giveBack(client),
      (error: unknown) => {
        this.#open--
        this.#waiting.shift()?.reject(error)
        this.#serve()
        this.#tellIfDrained()
      },
    )
  }
}

function closed(): Refusal {
  return new Refusal('audit_unavailable', 'The store is closed.')
}
