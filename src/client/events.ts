/** Events: being told what happens, in place of asking again and again. */
import type { Connection } from './connection.ts'
import { StrongroomError } from './errors.ts'
import { blocksOf } from './event-stream.ts'
import type { CallOptions } from './options.ts'
import { isPassing, pauseMs, wait } from './retry.ts'
import { bool, fields, integer, optional, orNull, type Shape, text } from './shape.ts'

/** A record of the audit trail, as far as the API key may see it. Never a value. */
export interface StrongroomEvent {
  /** The number of the record. */
  readonly id: number
  readonly action: string
  readonly object: {
    readonly kind: string
    readonly id: number | null
    readonly name: string | null
    readonly version: number | null
  } | null
  readonly time: string
  /** `ok`, or the code of a refusal. */
  readonly outcome: string
  /** Where it happened, for whoever may know of that environment. */
  readonly environment?: string | undefined
  /** It happened in a base of the environment that is listened to. */
  readonly inherited?: boolean | undefined
  /** Who did it: only for whoever may read the audit trail. */
  readonly principal?: { readonly kind: string; readonly id: number; readonly name: string } | undefined
}

/** Where a stream begins, each time that it is connected. */
export interface EventPosition {
  readonly position: number
  /** Whether something may have been missed: read what you rest upon anew. */
  readonly missed: boolean
}

export interface EventOptions extends Pick<CallOptions, 'signal' | 'environment'> {
  /** Goes on after this record. Without it, from now on. */
  readonly after?: number
  /** Only what is about something of this name, or of names like `db-*`. */
  readonly name?: string
  /** Only these: `secret.update`, or `secret.*` for all that happens to secrets. */
  readonly actions?: readonly string[]
  /** Every record that `audit:read` sees, of other environments too. */
  readonly everywhere?: boolean
  /** Told whenever the stream is connected, before what comes on it. */
  readonly onPosition?: (position: EventPosition) => void
  /** Told when the connection has ended, and another one is tried. */
  readonly onDisconnect?: () => void
}

const isEvent: Shape<StrongroomEvent> = fields<StrongroomEvent>({
  id: integer,
  action: text,
  object: orNull(fields({ kind: text, id: orNull(integer), name: orNull(text), version: orNull(integer) })),
  time: text,
  outcome: text,
  environment: optional(text),
  inherited: optional(bool),
  principal: optional(fields({ kind: text, id: integer, name: text })),
})
const isPosition: Shape<EventPosition> = fields<EventPosition>({ position: integer, missed: bool })

/** Between two connections at most, at random. */
const maxPauseMs = 30_000
/** The server says that it is there every 15 seconds: one that says nothing for so long is not. */
const silenceMs = 45_000

/**
 * Listens until the signal ends it. A connection that breaks is made anew, at another server too, and goes on where it stopped.
 *
 * @throws StrongroomError when the server refuses, for another reason than that it is away; the reason of the signal
 */
export async function* events(
  connection: Connection,
  options: EventOptions = {},
): AsyncGenerator<StrongroomEvent, void, undefined> {
  const { signal, onPosition = () => {}, onDisconnect = () => {} } = options
  let last = options.after
  for (let tries = 0; ; ) {
    signal?.throwIfAborted()
    const quiet = new Silence(signal)
    try {
      const body = await connection.listen(queryOf(options, last), options, quiet.signal)
      for await (const block of blocksOf(body)) {
        quiet.heard()
        const data = dataOf(block.data)
        if (block.event === 'position' && isPosition(data)) {
          tries = 0
          last = data.position
          onPosition(data)
        } else if (block.event === 'message' && isEvent(data)) {
          last = data.id
          yield data
        } else if (block.data === '' && block.id !== undefined && Number.isSafeInteger(Number(block.id)))
          last = Number(block.id)
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof StrongroomError && !isPassing(error)) throw error
    } finally {
      quiet.end()
    }
    onDisconnect()
    const pause = pauseMs(tries++, undefined, Math.random(), maxPauseMs) ?? 0
    await wait(pause, signal)
  }
}

function queryOf({ name, actions, everywhere }: EventOptions, after: number | undefined) {
  return {
    ...(after === undefined ? {} : { after: String(after) }),
    ...(name === undefined ? {} : { name }),
    ...(actions === undefined ? {} : { action: actions.join(',') }),
    ...(everywhere === true ? { everywhere: 'true' as const } : {}),
  }
}

function dataOf(data: string): unknown {
  try {
    return data === '' ? undefined : JSON.parse(data)
  } catch {
    return undefined
  }
}

/** Breaks a connection on which nothing is heard. */
class Silence {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #giveUp = () => this.#controller.abort()
  #timer: ReturnType<typeof setTimeout>

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer
    this.#timer = setTimeout(this.#giveUp, silenceMs)
    outer?.addEventListener('abort', this.#giveUp, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  heard(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#giveUp, silenceMs)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#giveUp)
    this.#controller.abort()
  }
}
