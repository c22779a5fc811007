/** Work that one node does at a time: it takes a lease, renews it as long as it goes on, and stops when it has lost it. */
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { newUid } from '../crypto/random.ts'
import type { Lease } from '../model/lease.ts'
import { pause } from './pause.ts'
import type { Vault } from './vault.ts'

export type { Lease } from '../model/lease.ts'

/** Whoever takes a lease for longer keeps others waiting after a crash; for less, stands still too easily. */
export const defaultLeaseMs = 15_000
/** A lease is renewed so often before its end. */
const renewals = 3
/** After that, whoever led and was killed has a successor, if there is another node. */
export const takeOverMs = defaultLeaseMs + defaultLeaseMs / renewals
/** Work that hangs, such as on a folder of a network, is given up so long after its end. */
const defaultGraceMs = 5_000

export interface Leading {
  /** What is done: one node does it at a time. */
  readonly name: string
  /** How long the lease lives without being renewed. */
  readonly leaseMs?: number
  /** Whether there is anything to do, asked this often: while there is not, nobody takes the lease, and nothing is written. */
  readonly wanted?: { readonly everyMs: number; readonly ask: () => Promise<boolean> }
  /**
   * Does it, until the signal says that the lease is lost or the node stops. All that it writes is written under the lease
   * (`lease` of a request, or of `Store`): the signal may come late, and what does not end upon it is left to itself after a while.
   */
  readonly work: (lease: Lease, signal: AbortSignal) => Promise<void>
  /** How long it may take to end. */
  readonly graceMs?: number
  /** Told of whatever the work failed with: it is begun again after a pause. */
  readonly onError: (error: unknown) => void
}

/**
 * Leads, whenever nobody else does.
 *
 * @returns what ends it: gives the lease back, once the work has stopped
 */
export function lead(vault: Pick<Vault, 'store'>, leading: Leading): () => Promise<void> {
  const stopping = new AbortController()
  const ended = run(vault, leading, stopping.signal)
  return () => {
    stopping.abort()
    return ended
  }
}

async function run(vault: Pick<Vault, 'store'>, leading: Leading, stopping: AbortSignal): Promise<void> {
  const { leaseMs = defaultLeaseMs, wanted, onError } = leading
  const holder = newUid()
  while (!stopping.aborted) {
    let pauseMs = leaseMs / renewals
    try {
      const isWanted = wanted === undefined || (await wanted.ask())
      if (!isWanted) pauseMs = wanted.everyMs
      else if (await leadOnce(vault, leading, stopping, holder)) continue
    } catch (error) {
      onError(error)
    }
    await pause(pauseMs, stopping)
  }
}

/**
 * Does it once, unless somebody else does.
 *
 * @returns whether it was done here
 * @throws what the work throws, or that it does not end
 */
export async function leadOnce(
  { store }: Pick<Vault, 'store'>,
  {
    name,
    leaseMs = defaultLeaseMs,
    graceMs = defaultGraceMs,
    work,
  }: Pick<Leading, 'name' | 'leaseMs' | 'graceMs' | 'work'>,
  stopping: AbortSignal = new AbortController().signal,
  holder = newUid(),
): Promise<boolean> {
  const askedAt = performance.now()
  const fence = await store.leases.take(name, holder, leaseMs)
  if (fence === undefined) return false
  const lease = { name, holder, fence }
  const lost = new AbortController()
  const renewing = keep(store, lease, leaseMs, askedAt, lost)
  try {
    const signal = AbortSignal.any([stopping, lost.signal])
    await untilGivenUp(work(lease, signal), signal, graceMs)
    return true
  } finally {
    lost.abort()
    await renewing
    await store.leases.drop(lease).catch(() => {})
  }
}

/** Nobody else can end what hangs: without the lease, it changes nothing any more, and here it is gone on without it. */
async function untilGivenUp(working: Promise<void>, signal: AbortSignal, graceMs: number): Promise<void> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const giveUp = () => {
    timer = globalThis.setTimeout(() => reject(new Error('The work does not end, and is left to itself.')), graceMs)
  }
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  try {
    await Promise.race([working, givenUp])
  } finally {
    signal.removeEventListener('abort', giveUp)
    clearTimeout(timer)
    working.catch(() => {})
  }
}

/** Until it is lost, or nobody wants it any more. That it is over is known without the database, too. */
async function keep(
  store: Vault['store'],
  lease: Lease,
  leaseMs: number,
  takenAt: number,
  lost: AbortController,
): Promise<void> {
  // Counted from before it was asked for: never longer than the database does.
  let end = takenAt + leaseMs
  while (!lost.signal.aborted) {
    await setTimeout(leaseMs / renewals, undefined, { signal: lost.signal, ref: false }).catch(() => {})
    if (lost.signal.aborted) return
    const askedAt = performance.now()
    const isHeld = await Promise.race([
      // A database that does not answer says nothing of who has it: until its end, it is this one.
      store.leases.renew(lease, leaseMs).catch(() => undefined),
      setTimeout(Math.max(0, end - askedAt), undefined, { signal: lost.signal, ref: false }).catch(() => undefined),
    ])
    if (isHeld === true) end = askedAt + leaseMs
    if (isHeld === false || performance.now() >= end) lost.abort()
  }
}
