/** A load balancer that heeds `/readyz`, and clients behind it who write and read, and note every request that failed. */
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Child } from './child.ts'

/** What requests can be sent to: a node, or a proxy before several. */
export type Target = Pick<Child, 'url' | 'api'>

/** Sends each request to a node that was ready when it was asked last. */
export class Balancer<Node extends Target = Child> {
  all: readonly Node[]
  /** Whether nodes that are not ready get nothing. */
  heedsReadiness = true
  isOver = false
  written = 0
  /** Whether requests say that they may be repeated. */
  repeatable = false
  /** How many requests may fail. */
  allowed = 0
  readonly failures: string[] = []
  #ready: readonly Node[] = []

  constructor(all: readonly Node[]) {
    this.all = all
  }

  async look(): Promise<void> {
    const states = await Promise.all(
      this.all.map((node) =>
        fetch(`${node.url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      ),
    )
    this.#ready = this.all.filter((_, at) => states[at])
  }

  async balance(): Promise<void> {
    while (!this.isOver) {
      await this.look()
      await setTimeout(100)
    }
  }

  async settled(): Promise<void> {
    while (!this.isOver && this.#ready.length < this.all.length) await setTimeout(50)
  }

  /** Waits until so many more requests were answered. */
  async wrote(more: number): Promise<void> {
    const wanted = this.written + more
    while (!this.isOver && this.written < wanted && this.failures.length <= this.allowed) await setTimeout(50)
  }

  async write(key: string, name: string): Promise<void> {
    for (let count = 0; !this.isOver; count++) {
      const nodes = this.heedsReadiness ? this.#ready : this.all
      const node = nodes[count % nodes.length]
      try {
        if (node === undefined) throw new Error('Nobody is ready.')
        const body = { name: `${name}-${count}`, value: 'v' }
        const headers: Record<string, string> = this.repeatable ? { 'idempotency-key': randomUUID() } : {}
        const { status, text } = await node.api(key).post('/v3/secrets', body, headers)
        if (status === 201) this.written++
        else this.failures.push(`${status} ${text}`)
      } catch (error) {
        this.failures.push(String(error))
      }
      await setTimeout(20)
    }
  }
}
