/** How far a sink has come in the trail of an account. */

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
}
