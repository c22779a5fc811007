/** What every call goes through: a session that ended, and actions that must be confirmed, are settled on the way. */
import { StrongroomError } from './client.ts'
import { type Asker, confirmAction, currentAsker, endSession } from './session.ts'

/** The person changed their mind: nothing to report. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

/** Reads wait for the person to sign in again, and go on: for them, and for nobody else. */
export async function read<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    const from = currentAsker()
    try {
      return await call()
    } catch (error) {
      if (needsConfirmation(error)) await confirmed(from)
      else if (!hasEnded(error) || !(await endSession(from))) throw error
    }
  }
}

/** Changes that are under way, and when the last one was done. */
let acting = 0
let actedAt = Number.NEGATIVE_INFINITY
/** What a change did is told of within this time, or somebody else did it. */
const toldWithinMs = 1_000

/** Told when a change begins and ends in another tab of the browser. */
const others = new BroadcastChannel('strongroom-acting')
let othersAt = Number.NEGATIVE_INFINITY
others.onmessage = () => {
  othersAt = Date.now()
}
/** As long as a change takes, if all goes well. */
const takesMs = 10_000

/** Whether what the person changes now is changed in this tab, and in no other. */
export function isActing(): boolean {
  const isHere = acting > 0 || Date.now() - actedAt < toldWithinMs
  return isHere && Date.now() - othersAt > takesMs
}

/** Changes are not repeated behind the person's back: what they typed may have been wiped when the session ended. */
export async function act<T>(call: () => Promise<T>): Promise<T> {
  acting++
  others.postMessage('begins')
  try {
    return await actOnce(call)
  } finally {
    acting--
    actedAt = Date.now()
    others.postMessage('ends')
  }
}

async function actOnce<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    const from = currentAsker()
    try {
      return await call()
    } catch (error) {
      if (needsConfirmation(error)) await confirmed(from)
      else {
        if (hasEnded(error)) void endSession(from)
        throw error
      }
    }
  }
}

async function confirmed(from: Asker): Promise<void> {
  if (!(await confirmAction(from))) throw new Cancelled('Not confirmed.')
}

function hasEnded(error: unknown): boolean {
  return error instanceof StrongroomError && error.status === 401 && error.code === 'unauthenticated'
}

function needsConfirmation(error: unknown): boolean {
  return error instanceof StrongroomError && error.code === 'confirmation_required'
}

/** What happened and what to do, in a sentence or two. */
export function sentenceOf(error: unknown): string {
  if (error instanceof StrongroomError) {
    if (hasEnded(error)) return 'Your session ended. Sign in, then try again.'
    if (error.code === 'unreachable') return 'The server isn’t responding. Check your connection.'
    // Of a header, which is for programs.
    if (error.code === 'stale_version') return 'Someone else changed this. Look at it again, then try again.'
    // It has no log to look this up in.
    const isNoted = error.requestId !== undefined && (error.status ?? 0) >= 500 && error.code !== 'sealed'
    const id = !isNoted ? '' : ` (request ${error.requestId})`
    return `${error.message.replace('Wait as long as Retry-After says.', waitOf(error))}${id}`
  }
  return error instanceof Error ? error.message : 'Something went wrong. Try again.'
}

/** Headers are for programs. */
function waitOf({ retryAfterMs = 0 }: StrongroomError): string {
  const minutes = Math.ceil(retryAfterMs / 60_000)
  if (retryAfterMs <= 10_000) return 'Try again in a few seconds.'
  return minutes === 1 ? 'Try again in a minute.' : `Try again in ${minutes} minutes.`
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof StrongroomError ? error.code : undefined
}
