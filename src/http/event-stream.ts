/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) to one listener. */
import { Readable } from 'node:stream'
import type { Ending, Event, Sink } from '../vault/events.ts'

/** What is held for somebody who does not take it: more than that, and they are let go. */
const maxHeldBytes = 256 * 1024
/** So much is made before it is taken, of what was missed. */
const highWaterMark = 32 * 1024
/** Proxies close what is silent for long. */
const heartbeatMs = 15_000
/** Browsers come again after this long. */
const retryMs = 2_000

export class EventStream implements Sink {
  readonly body: Readable
  readonly #write: (event: Event) => string
  readonly #waiting: (() => void)[] = []
  readonly #heartbeat: NodeJS.Timeout
  #position: number

  /**
   * @param isMissing whether something before the position may have been missed
   * @param write an event as JSON
   * @param onClose told once, however it ends
   */
  constructor(position: number, isMissing: boolean, write: (event: Event) => string, onClose: () => void) {
    this.#position = position
    this.#write = write
    this.body = new Readable({
      highWaterMark,
      read: () => {
        for (const go of this.#waiting.splice(0)) go()
      },
    })
    this.#heartbeat = setInterval(() => this.#send(`id: ${this.#position}\n\n`), heartbeatMs).unref()
    this.body.once('close', () => {
      clearInterval(this.#heartbeat)
      for (const go of this.#waiting.splice(0)) go()
      onClose()
    })
    this.#send(`retry: ${retryMs}\n${block('position', position, JSON.stringify({ position, missed: isMissing }))}`)
  }

  give(events: readonly Event[], position: number): void {
    this.#position = position
    if (events.length > 0) this.#send(events.map((event) => block(undefined, event.id, this.#write(event))).join(''))
  }

  async ready(): Promise<void> {
    if (this.body.destroyed || this.body.readableLength < highWaterMark) return
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  end(reason: Ending): void {
    if (this.body.destroyed) return
    this.#send(block('end', this.#position, JSON.stringify({ code: reason })))
    this.body.push(null)
  }

  #send(text: string): void {
    if (this.body.destroyed || this.body.readableEnded) return
    this.body.push(text)
    // They go on from the last one that they took.
    if (this.body.readableLength > maxHeldBytes) this.body.destroy()
  }
}

function block(name: string | undefined, id: number, data: string): string {
  return `${name === undefined ? '' : `event: ${name}\n`}id: ${id}\ndata: ${data}\n\n`
}
