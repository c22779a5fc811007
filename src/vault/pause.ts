/** The time between one round of work and the next. */
import { setTimeout } from 'node:timers/promises'

/** Resolves after so many milliseconds, or when the work is to end. It keeps no process. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal, ref: false }).catch(() => {})
}
