/**
 * Refusals of somebody who is not let in: a revoked key, a token of a job that no rule is for, a wrong password. They cost
 * nothing, so that whoever repeats them would fill the trail, and hide in it. The first of a kind is recorded; what follows
 * within a minute is counted, and the count is recorded when the minute is over, or the server stops. Of one principal
 * some kinds at once are told apart, the others are counted together: other addresses, actions or names do not help.
 *
 * What was done, and what a key that is good was refused, is recorded each time, and does not come here.
 */
import type { AuditObject, ShutOut } from '../audit/record.ts'
import { clientNetwork } from '../model/client-network.ts'
import type { Store } from '../store/store.ts'

/** In which request, from where. */
interface From {
  readonly requestId: string
  readonly address: string
}

/** What is needed to record them: a vault has it. */
interface Recorder {
  readonly store: Pick<Store, 'submit'>
  readonly repeats: Repeats
  readonly now: () => number
}

const windowMs = 60_000
/** Of one principal at once: each gets a record of its own, and one that counts. */
const maxKinds = 20
const maxTracked = 20_000
const recordedAtOnce = 100

interface Group {
  readonly refusal: ShutOut
  readonly from: From
  /** Milliseconds since 1970. */
  readonly until: number
  /** Whether it holds whatever there was no room to tell apart. */
  readonly isMixed: boolean
  /** Those that are in no record yet. */
  count: number
}

export class Repeats {
  readonly #groups = new Map<string, Group>()
  /** How many groups each principal has, the mixed one left out. */
  readonly #kinds = new Map<string, number>()
  /** Whose window is over. */
  #ended: Group[] = []

  /** Counts a refusal. @returns the group that it begins, when it is to be recorded itself */
  take(refusal: ShutOut, from: From, now: number): Group | undefined {
    const who = principalOf(refusal)
    const name = nameOf(who, refusal, from.address)
    const found = this.#living(name, now)
    if (found !== undefined) {
      found.count++
      return undefined
    }
    const kinds = this.#kinds.get(who) ?? 0
    if (kinds >= maxKinds || this.#groups.size >= maxTracked) {
      const mixed = this.#living(who, now) ?? this.#begin(who, refusal, from, now, true)
      mixed.count++
      return undefined
    }
    this.#kinds.set(who, kinds + 1)
    return this.#begin(name, refusal, from, now, false)
  }

  /** Takes out what is to be recorded by now. @param isAll whether the windows that are open end too */
  due(now: number, isAll: boolean): readonly Group[] {
    for (const [name, group] of this.#groups) if (isAll || group.until <= now) this.#end(name, group)
    const due = this.#ended
    this.#ended = []
    return due
  }

  /** What could not be recorded is recorded later. */
  putBack(group: Group): void {
    this.#ended.push(group)
  }

  #living(name: string, now: number): Group | undefined {
    const found = this.#groups.get(name)
    if (found === undefined || found.until > now) return found
    this.#end(name, found)
    return undefined
  }

  #begin(name: string, refusal: ShutOut, from: From, now: number, isMixed: boolean): Group {
    const group = { refusal, from, until: now + windowMs, isMixed, count: 0 }
    this.#groups.set(name, group)
    return group
  }

  #end(name: string, group: Group): void {
    this.#groups.delete(name)
    if (group.count > 0) this.#ended.push(group)
    if (group.isMixed) return
    const who = principalOf(group.refusal)
    const kinds = (this.#kinds.get(who) ?? 1) - 1
    if (kinds === 0) this.#kinds.delete(who)
    else this.#kinds.set(who, kinds)
  }
}

/** Records a refusal, or counts it. Resolves when it is durable, or counted. @throws Refusal `audit_unavailable` */
export async function recordShutOut(vault: Recorder, { requestId, address }: From, refusal: ShutOut): Promise<void> {
  const from = { requestId, address }
  const group = vault.repeats.take(refusal, from, vault.now())
  if (group === undefined) return
  try {
    await submit(vault, refusal, from, refusal.object)
  } catch (error) {
    group.count++
    throw error
  }
}

/**
 * Records the counts of windows that are over.
 *
 * @param isAll whether the windows that are open end too: the server stops
 * @throws Refusal `audit_unavailable`; what was not recorded stays counted
 */
export async function recordRepeats(vault: Recorder, isAll = false): Promise<void> {
  const due = vault.repeats.due(vault.now(), isAll)
  for (let at = 0; at < due.length; at += recordedAtOnce) {
    const tried = await Promise.allSettled(due.slice(at, at + recordedAtOnce).map((group) => recordCount(vault, group)))
    const failed = tried.find((one) => one.status === 'rejected')
    if (failed === undefined) continue
    for (const group of due.slice(at + recordedAtOnce)) vault.repeats.putBack(group)
    throw failed.reason
  }
}

async function recordCount(vault: Recorder, group: Group): Promise<void> {
  const { refusal, from, count, isMixed } = group
  const name = `${count} more within a minute${isMixed ? ', of several kinds' : ''}`
  try {
    await submit(vault, refusal, from, { kind: 'repeats', id: null, uid: null, name, version: null, hash: null })
  } catch (error) {
    vault.repeats.putBack(group)
    throw error
  }
}

async function submit({ store }: Recorder, refusal: ShutOut, from: From, object: AuditObject | null): Promise<void> {
  const { accountId, principal, action, outcome } = refusal
  const caller = { kind: 'shut_out', accountId, principal } as const
  await store.submit<'record'>({ ...from, caller, operation: { kind: 'record', action, object, outcome } })
}

function principalOf({ accountId, principal }: ShutOut): string {
  return JSON.stringify([accountId, principal.kind, principal.id])
}

/** Of what is alike: whose, what, why, on what, and from which client. */
function nameOf(who: string, { principal, action, outcome, object }: ShutOut, address: string): string {
  const on = object === null ? null : [object.kind, object.id]
  return JSON.stringify([who, principal.name, action, outcome, on, clientNetwork(address)])
}
