/** How far a sink has come in the trail of an account. */

/** What a receiver took and may have lost: the records after one. */
export interface SinkDoubt {
  readonly seq: number
  /** When it took the last of them that go together, in milliseconds since 1970. */
  readonly at: number
}

export interface SinkPosition {
  readonly accountId: number
  /** The sink's name, from the settings. */
  readonly name: string
  /** The last record that its receiver has. */
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly movedAt: number
  /** Why it did not go on, in a sentence, when that was the last thing that happened. */
  readonly fault: string | null
  readonly failedAt: number | null
  /** The oldest first. What is older than its receiver needs to store it is of no meaning any more. */
  readonly doubts: readonly SinkDoubt[]
}
