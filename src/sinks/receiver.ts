/** What a sink sends to, and what it is sent. */
import type { StoredRecord } from '../audit/verify.ts'

/** Records of one account, in their order. */
export interface Piece {
  readonly accountId: number
  /** Records before the first one. */
  readonly after: number
  readonly records: readonly StoredRecord[]
}

/** What became of what was taken. */
export interface Taken {
  /** Records that the receiver says it does not keep, however often they are sent. */
  readonly rejected: number
}

export const all: Taken = { rejected: 0 }

export interface Receiver {
  /**
   * For how long what it took may still be lost, where it breaks off or takes nothing that comes next: it is sent again then.
   * Without it, what it took, it has.
   */
  readonly doubtfulMs?: number
  /**
   * Gives it records.
   *
   * @returns once it has them
   * @throws NotTaken
   */
  take(pieces: readonly Piece[], signal: AbortSignal): Promise<Taken>
  /** Lets go of what it has open, once what it was given is done with: it is opened anew for what comes next. */
  close(): Promise<void>
}

interface NotTakenOptions extends ErrorOptions {
  /** How long it wants to be left alone. */
  readonly retryAfterMs?: number | undefined
  /** Whether less at once may help. */
  readonly isTooLarge?: boolean
}

/** Why it does not have them, in a sentence that holds nothing of what was sent or answered. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken'
  readonly retryAfterMs: number | undefined
  readonly isTooLarge: boolean

  constructor(message: string, { retryAfterMs, isTooLarge = false, ...options }: NotTakenOptions = {}) {
    super(message, options)
    this.retryAfterMs = retryAfterMs
    this.isTooLarge = isTooLarge
  }
}
