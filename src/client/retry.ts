/** When a request may be sent again, and how long to wait before it. */
import { type Failure, RateLimited, StrongroomError, Unavailable, Unreachable } from './errors.ts'

const basePauseMs = 250
const maxPauseMs = 10_000
/** Who is asked to wait longer is told so, and does not wait. */
const maxRetryAfterMs = 60_000

/** The server says that it did nothing. */
const undone = new Set(['rate_limited', 'overloaded', 'sealed', 'audit_unavailable', 'request_timeout'])
/** It may have been carried out, or not. Once more may go better. */
const unsettled = new Set(['unreachable', 'timed_out', 'unavailable', 'outcome_unknown'])

/** @param isRepeatable whether twice is the same as once */
export function mayRepeat({ code }: Failure, isRepeatable: boolean): boolean {
  return undone.has(code) || (isRepeatable && unsettled.has(code))
}

/** Whether waiting may help: nobody said no. */
export function isPassing(error: unknown): boolean {
  return isOutage(error) || error instanceof RateLimited
}

/** Whether the server was not reached, or cannot answer now. What it found damaged is no absence. */
export function isOutage(error: unknown): boolean {
  if (error instanceof Unreachable || error instanceof Unavailable) return true
  return error instanceof StrongroomError && error.code !== 'integrity_failure' && (error.status ?? 0) >= 500
}

/** Whether a change may have been carried out although its request failed. */
export function leavesOpen({ code, status }: Failure): boolean {
  if (undone.has(code) || code === 'storage_full' || code === 'key_exhausted') return false
  return unsettled.has(code) || code === 'unexpected_answer' || (status ?? 0) >= 500
}

/**
 * Full jitter: any time up to a bound that doubles, so that clients which failed together do not come back together.
 * What `Retry-After` asks for comes on top.
 *
 * @param random from 0 to below 1
 * @returns `undefined` when the server asks to wait too long
 */
export function pauseMs(
  tries: number,
  retryAfterMs: number | undefined,
  random: number,
  mostMs = maxPauseMs,
): number | undefined {
  if (retryAfterMs !== undefined && retryAfterMs > maxRetryAfterMs) return undefined
  return (retryAfterMs ?? 0) + Math.floor(random * Math.min(mostMs, basePauseMs * 2 ** tries))
}

/**
 * Reads `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
 *
 * @param now milliseconds since 1970
 */
export function readRetryAfter(text: string | null, now: number): number | undefined {
  const trimmed = text?.trim() ?? ''
  if (/^\d{1,9}$/.test(trimmed)) return Number(trimmed) * 1000
  // Of its three forms only the one that may be sent, as Date.parse takes almost anything.
  const isDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(trimmed)
  const date = isDate ? Date.parse(trimmed) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** Waits, unless the signal says otherwise. */
export function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', give)
      resolve()
    }, milliseconds)
    if (signal?.aborted === true) give()
    else signal?.addEventListener('abort', give, { once: true })
  })
}
