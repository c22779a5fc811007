/** What a program that is started does while the server is away: try again, and at last start from a sealed copy. */
import { setTimeout } from 'node:timers/promises'
import { NotFound, SignedOut, StrongroomError } from '../client/errors.ts'
import { isOutage, isPassing, pauseMs } from '../client/retry.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { endAfterRefusals, keysOf, limited } from './connection.ts'
import { secondsOf } from './input.ts'
import { complain, Fault } from './output.ts'
import type { SealedCopy } from './sealed-copy.ts'

/** As it was typed. */
export interface AwayOptions {
  readonly failAfter?: string
  readonly fallback?: string
  readonly fallbackKeyFile?: string
  readonly fallbackMaxAge: string
}

export interface Patience {
  /** How long a server that is away is tried at the start; as usual, if it is not said. */
  readonly failAfterMs: number | undefined
  readonly copy: SealedCopy | undefined
}

/** How what was read becomes bytes, and again what it was. */
export interface Form<T> {
  pack(found: T): Buffer
  unpack(content: Buffer): T
}

/** With a copy at hand nobody waits long for a server. */
const usualWithCopyMs = 10_000
const maxAgeSeconds = 30 * 24 * 60 * 60

/**
 * Before anything connects, as it says how long refusals are borne too.
 *
 * @throws Fault `usage`
 */
export function checkAway({ failAfter, fallback, fallbackKeyFile, fallbackMaxAge }: AwayOptions): void {
  if (fallback === undefined && fallbackKeyFile !== undefined) {
    throw new Fault('usage', '--fallback-key-file goes with --fallback.')
  }
  maxAgeOf(fallbackMaxAge)
  if (failAfter !== undefined) endAfterRefusals(failAfterOf(failAfter))
}

function failAfterOf(text: string): number {
  const seconds = secondsOf('--fail-after', text)
  if (seconds >= 1 && seconds <= 7 * 24 * 60 * 60) return seconds * 1000
  throw new Fault('usage', '--fail-after must be from 1s to 7d.')
}

function maxAgeOf(text: string): number {
  const seconds = secondsOf('--fallback-max-age', text)
  if (seconds >= 1 && seconds <= maxAgeSeconds) return seconds * 1000
  throw new Fault('usage', '--fallback-max-age must be from 1s to 30d.')
}

/**
 * What a command that starts something was told of a server that is away.
 *
 * @param chosen what the copy is of
 * @throws Fault `usage`
 */
export async function patienceOf(
  client: Strongroom,
  { failAfter, fallback, fallbackKeyFile, fallbackMaxAge }: AwayOptions,
  chosen: readonly unknown[],
): Promise<Patience> {
  const failAfterMs = failAfter === undefined ? undefined : failAfterOf(failAfter)
  if (fallback === undefined) return { failAfterMs, copy: undefined }
  // Most programs are started without.
  const { SealedCopy } = await import('./sealed-copy.ts')
  const options = { path: fallback, keyFile: fallbackKeyFile, maxAgeMs: maxAgeOf(fallbackMaxAge), chosen }
  return { failAfterMs: failAfterMs ?? usualWithCopyMs, copy: new SealedCopy(client, options) }
}

/**
 * Reads from the server, or while it is away from the sealed copy.
 *
 * @throws what reading throws, when there is no copy that may be used
 */
export async function readOrOpen<T>(
  client: Strongroom,
  { failAfterMs, copy }: Patience,
  form: Form<T>,
  read: (client: Strongroom) => Promise<T>,
  stop?: AbortSignal,
): Promise<T> {
  try {
    const found = failAfterMs === undefined ? await read(client) : await patiently(client, failAfterMs, read, stop)
    await keep(copy, form, found)
    return found
  } catch (error) {
    await destroyIfRefused(copy, error)
    if (copy === undefined || !isAway(error)) throw error
    return openInstead(copy, form, error)
  }
}

/** Seals what was read from the server just now. */
export async function keep<T>(copy: SealedCopy | undefined, form: Form<T>, found: T): Promise<void> {
  if (copy === undefined) return
  const content = form.pack(found)
  await copy.keep(content)
  content.fill(0)
}

/** Whatever the server refuses is nobody's to start from any more. */
export async function destroyIfRefused(copy: SealedCopy | undefined, error: unknown): Promise<void> {
  if (copy !== undefined && isRefusal(error)) await copy.destroy()
}

async function openInstead<T>(copy: SealedCopy, form: Form<T>, error: unknown): Promise<T> {
  const { ageText } = await import('./sealed-copy.ts')
  const opened = await copy.open().catch((fault: unknown) => {
    complain(fault instanceof Error ? fault.message : 'The sealed copy is not used.')
    throw error
  })
  const why = error instanceof Error ? error.message : 'an unknown error'
  complain(`The server is away: ${why}`)
  complain(`  The sealed copy ${copy.path} is used in its place. It is ${ageText(opened.ageMs)} old.`)
  const found = form.unpack(opened.content)
  opened.content.fill(0)
  return found
}

/** Tries again while the server is away, each time once, so that what it said last is known. */
async function patiently<T>(
  client: Strongroom,
  mostMs: number,
  read: (client: Strongroom) => Promise<T>,
  stop?: AbortSignal,
): Promise<T> {
  const over = new AbortController()
  const giveUp = () => over.abort(stop?.reason)
  stop?.addEventListener('abort', giveUp, { once: true })
  const timer = globalThis.setTimeout(() => over.abort(new TooLate(mostMs)), mostMs)
  const once = limited(client, over.signal)
  let last: unknown
  try {
    for (let tries = 0; ; tries++) {
      try {
        return await read(once)
      } catch (error) {
        if (error instanceof TooLate) throw last ?? keysOf(client)?.fault ?? error
        if (!isPassing(error) && !isFaultAway(error)) throw error
        last = error
        const retryAfterMs = error instanceof StrongroomError ? error.retryAfterMs : undefined
        const pause = pauseMs(tries, retryAfterMs, Math.random()) ?? mostMs
        await setTimeout(pause, undefined, { signal: over.signal }).catch(() => Promise.reject(error))
      }
    }
  } finally {
    clearTimeout(timer)
    stop?.removeEventListener('abort', giveUp)
  }
}

/** The time of `--fail-after` is over, and the server has said nothing. */
class TooLate extends Fault {
  constructor(milliseconds: number) {
    super('unreachable', `The server gave no answer within ${Math.round(milliseconds / 1000)} seconds.`)
  }
}

/** Of a platform that gives no token now: another try may help, and says nothing of the server. */
function isFaultAway(error: unknown): boolean {
  return error instanceof Fault && error.kind === 'unreachable'
}

/** The server is not reached, or answers that it cannot. */
function isAway(error: unknown): boolean {
  return isOutage(error) || error instanceof TooLate
}

/** 401, 403, 404 of the server itself, or a name that it does not have. */
function isRefusal(error: unknown): boolean {
  if (error instanceof Fault) return error.kind === 'notFound'
  if (error instanceof NotFound || error instanceof SignedOut) return true
  if (!(error instanceof StrongroomError) || error.code === 'unexpected_answer') return false
  return [401, 403].includes(error.status ?? 0) || error.code === 'unresolved_references'
}
