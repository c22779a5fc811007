/**
 * What the trail says that an account holds, to be held against what it does hold: a database that was rolled back, or
 * changed behind the server's back, says something else.
 */
import { hash } from 'node:crypto'
import type { AuditObject, AuditRecord } from './record.ts'

/** Something of an account as it stands in the tables, in the words of its records. */
export interface Holding extends Pick<AuditObject, 'id' | 'name' | 'version' | 'hash'> {
  readonly kind:
    | 'secret'
    | 'list'
    | 'environment'
    | 'deleted'
    | 'key'
    | 'user'
    | 'machine'
    | 'settings'
    | 'seed'
    | 'trust_rule'
    | 'webhook'
    | 'target'
    | 'factor'
    | 'sign_in'
    | 'customer_key'
    /** Only those that have not been ended. */
    | 'session'
  /** Settings, rules for signing in and targets have none. */
  readonly uid: string | null
  /** The hash as the first version of the program would have recorded it. */
  readonly firstHash?: string
  /** Of what every account has from the beginning: whether it is as it was then. */
  readonly isUsual?: boolean
  /** Of an API key, or a session. */
  readonly isRevoked?: boolean
  /** Of a secret: the hash of what is known of it beside its value, as `metadata.update` records it. */
  readonly details?: string
  /** Of a secret: the hash of the list that it is in, as `secret.move` records it. */
  readonly place?: string
  /** Where it is, as records have it; nothing for what is in no environment. */
  readonly environmentId?: number | null
  /** Of a list: whether it is deleted, while some of what was in it is still to go. */
  readonly isGoing?: boolean
}

/** What the trail left of something, or of a part of it. */
interface Known {
  readonly seq: number
  /** A digest of what is left; `null` when it was deleted. */
  readonly text: string | null
}

/** What the tables have of something. */
interface Live extends Pick<Holding, 'kind' | 'id' | 'isRevoked' | 'details' | 'place' | 'isGoing'> {
  readonly text: string
  /** As the first version of the program would have recorded it. */
  readonly firstText?: string
  readonly isUnrecorded: boolean
}

/** Values by name; there may be more of them than memory holds. */
export interface Register<Value> {
  get(name: string): Value | undefined
  set(name: string, value: Value): void
  entries(): Iterable<readonly [string, Value]>
}

/** Makes a register. */
export type MakeRegister = <Value>() => Register<Value>

const settling: ReadonlySet<string> = new Set([
  ...['secret.create', 'secret.update', 'version.restore', 'list.create', 'list.rename'],
  ...['environment.create', 'environment.update'],
  ...['secret.rollback', 'secret.restore', 'list.restore', 'environment.restore'],
  ...['secret.keep', 'list.keep', 'environment.keep'],
  ...['machine.create', 'settings.update', 'key.create', 'key.rotate', 'key.revoke'],
  ...['user.create', 'user.update', 'user.accept'],
  ...['factor.add', 'factor.change', 'factor.use', 'sign_in.update'],
  ...['customer_key.set', 'customer_key.close', 'customer_key.open'],
  ...['render', 'seed.create', 'seed.fetch', 'seed.refetch', 'seed.return'],
  ...['trust_rule.create', 'trust_rule.update'],
  ...['webhook.create', 'webhook.update', 'webhook.rotate', 'webhook.disable'],
])
const deleting: ReadonlySet<string> = new Set([
  'secret.delete',
  'list.delete',
  'environment.delete',
  'machine.delete',
  'user.delete',
  'factor.remove',
  'seed.delete',
  'trust_rule.delete',
  'webhook.delete',
  'deployment.delete',
  'customer_key.remove',
  'secret.purge',
  'list.purge',
  'environment.purge',
])
/** By which something is no longer kept, as it is there again. */
const restoring: ReadonlySet<string> = new Set(['secret.restore', 'list.restore', 'environment.restore'])

/** Of which an account has one, or which go by their names. */
const withoutUid: ReadonlySet<string> = new Set(['settings', 'target', 'sign_in', 'customer_key'])

const nouns = {
  secret: 'secret',
  list: 'list',
  environment: 'environment',
  deleted: 'deletion',
  key: 'API key',
  user: 'user',
  machine: 'machine',
  settings: 'settings',
  seed: 'seed',
  trust_rule: 'trust rule',
  webhook: 'webhook',
  target: 'deployment',
  factor: 'factor',
  sign_in: 'rules for signing in',
  customer_key: 'key of its own',
  session: 'session',
}

const articled = {
  secret: 'A secret',
  list: 'A list',
  environment: 'An environment',
  deleted: 'What was deleted',
  key: 'An API key',
  user: 'A user',
  machine: 'A machine',
  settings: 'What',
  seed: 'A seed',
  trust_rule: 'A trust rule',
  webhook: 'A webhook',
  target: 'A deployment',
  factor: 'A factor',
  sign_in: 'What',
  customer_key: 'The customer’s key',
  session: 'A session',
}

/** What gives ids, and whose: factors and sessions have theirs from the same row as API keys. */
const givenFrom: Readonly<Record<string, keyof NextIds>> = {
  secret: 'nextSecretId',
  list: 'nextListId',
  environment: 'nextEnvironmentId',
  deleted: 'nextDeletedId',
  key: 'nextKeyId',
  session: 'nextKeyId',
  factor: 'nextKeyId',
  login: 'nextKeyId',
  wrapping: 'nextKeyId',
  machine: 'nextMachineId',
  user: 'nextUserId',
  target: 'nextDeploymentId',
  seed: 'nextSeedId',
  trust_rule: 'nextTrustRuleId',
  webhook: 'nextWebhookId',
}

/** The ids that an account gives next. */
export interface NextIds {
  readonly nextSecretId: number
  readonly nextListId: number
  readonly nextKeyId: number
  readonly nextMachineId: number
  readonly nextUserId: number
  readonly nextDeploymentId: number
  readonly nextSeedId: number
  readonly nextTrustRuleId: number
  readonly nextWebhookId: number
  readonly nextEnvironmentId: number
  readonly nextDeletedId: number
}

/** A version of a secret whose value a record destroyed. */
export interface DestroyedVersion {
  readonly id: number
  readonly version: number
  readonly seq: number
}

/** Is told what the tables of one account hold, then follows its records, from the first on. */
export class Replay {
  readonly #live: Register<Live>
  readonly #known: Register<Known>
  readonly #details: Register<Known>
  readonly #places: Register<Known>
  readonly #revoked: Register<number>
  readonly #destroyed: Register<DestroyedVersion>
  /** The keys of jobs: once they have expired, they are cleared away without a record. */
  readonly #fleeting: Register<true>
  #held = 0
  /** The highest id of each kind, and the record that had it first. */
  readonly #highest = new Map<
    keyof NextIds,
    Pick<AuditRecord, 'seq'> & { readonly id: number; readonly noun: string }
  >()
  readonly #settled: number

  /**
   * @param settled records after this one may be newer than the tables were when they were read
   * @param register where what is followed is kept: digests and ids, nothing that anybody has named
   */
  constructor(settled: number, register: MakeRegister) {
    this.#settled = settled
    this.#live = register()
    this.#known = register()
    this.#details = register()
    this.#places = register()
    this.#revoked = register()
    this.#destroyed = register()
    this.#fleeting = register()
  }

  /** Something that the tables hold. */
  hold(live: Holding): void {
    const { kind, id, isRevoked, details, place, isGoing, firstHash } = live
    const at = keyOf(live)
    const isAgain = this.#live.get(at) !== undefined
    this.#live.set(isAgain ? `${at} ${++this.#held}` : at, {
      ...{ kind, id, text: textOf(live), isUnrecorded: cameUnrecorded(live) },
      ...(isRevoked === undefined ? {} : { isRevoked }),
      ...(details === undefined ? {} : { details }),
      ...(place === undefined ? {} : { place }),
      ...(isGoing === undefined ? {} : { isGoing }),
      ...(firstHash === undefined ? {} : { firstText: textOf({ ...live, hash: firstHash }) }),
    })
  }

  take({ seq, action, object, outcome, principal, environmentId }: AuditRecord): void {
    if (outcome !== 'ok' || object === null) return
    const { kind, id, uid, hash } = object
    const given = givenFrom[kind]
    if (given !== undefined && id !== null && id > (this.#highest.get(given)?.id ?? 0)) {
      this.#highest.set(given, { id, seq, noun: kind === 'target' ? nouns.target : kind.replace('_', ' ') })
    }
    if (uid === null && !withoutUid.has(kind)) return
    const placed = { ...object, environmentId }
    const at = keyOf(placed)
    if (restoring.has(action)) this.#known.set(keyOf({ ...placed, kind: 'deleted' }), { seq, text: null })
    if (settling.has(action)) this.#known.set(at, { seq, text: textOf(placed) })
    else if (deleting.has(action)) this.#known.set(at, { seq, text: null })
    else if (action === 'metadata.update') this.#details.set(at, { seq, text: hash })
    else if (action === 'secret.move') this.#places.set(at, { seq, text: hash })
    else if (action === 'version.destroy') this.#destroy(at, seq, placed)
    if (action === 'key.revoke' || action === 'session.end') this.#revoked.set(at, seq)
    if (action === 'key.create' && principal.kind === 'workload') this.#fleeting.set(at, true)
  }

  /** Of the current version, the record has the hash of what is left: then the secret has no value. */
  #destroy(at: string, seq: number, object: AuditObject & Placed): void {
    const { id, version, hash } = object
    if (hash !== null) this.#known.set(at, { seq, text: textOf(object) })
    if (id !== null && version !== null) this.#destroyed.set(`${at} ${version}`, { id, version, seq })
  }

  /** The versions whose values records destroyed: whatever became of their secrets. */
  *destroyed(): Generator<DestroyedVersion> {
    for (const [, one] of this.#destroyed.entries()) yield one
  }

  /** What the account would give an id again for, one sentence each. @param next as it is after the last record taken */
  givenAgain(next: NextIds): string[] {
    return [...this.#highest].flatMap(([name, { id, seq, noun }]) =>
      next[name] > id ? [] : [`The id ${next[name]} is to be given again, though record ${seq} has ${noun} ${id}.`],
    )
  }

  /** What the tables have otherwise than the trail says, one sentence each. */
  *differences(): Generator<string> {
    for (const [at, live] of this.#live.entries()) yield* this.#differencesOf(live, at.split(' ', 2).join(' '))
    for (const [at, { seq, text }] of this.#known.entries()) {
      if (text === null || seq > this.#settled || this.#live.get(at) !== undefined) continue
      if (this.#fleeting.get(at) !== undefined) continue
      const noun = articled[at.slice(0, at.indexOf(' ')) as Holding['kind']]
      yield `${noun} that record ${seq} left in the store is not there.`
    }
  }

  #differencesOf(live: Live, at: string): string[] {
    const { kind, id } = live
    const what =
      kind === 'settings' || kind === 'sign_in' || kind === 'customer_key'
        ? `What the account has as ${nouns[kind]}`
        : capitalized(`${nouns[kind]} ${id}`)
    if (kind === 'session') return this.#endedDifference(what, at)
    const known = this.#known.get(at)
    if (known !== undefined && known.seq > this.#settled) return []
    if (live.isGoing === true) {
      return known?.text === null ? [] : [`${what} is being deleted, and no record says so.`]
    }
    if (known === undefined) {
      return live.isUnrecorded ? [] : [`${what} is in the store, and the trail knows nothing of it.`]
    }
    if (known.text === null) return [`${what} is in the store, though record ${known.seq} deleted it.`]
    const revoked = this.#revoked.get(at)
    if (revoked !== undefined && live.isRevoked === false) {
      return [`${what} is good, though record ${revoked} revoked it.`]
    }
    if (known.text !== live.text && known.text !== live.firstText)
      return [`${what} is not as record ${known.seq} left it.`]
    return [
      ...this.#parts(what, 'description, tags or expiry', this.#details.get(at), live.details),
      ...this.#parts(what, 'list', this.#places.get(at), live.place),
    ]
  }

  /** Sessions change as they are used and confirmed; what matters is that one that was ended stays so. */
  #endedDifference(what: string, at: string): string[] {
    const ended = this.#revoked.get(at)
    return ended === undefined || ended > this.#settled ? [] : [`${what} is open, though record ${ended} ended it.`]
  }

  #parts(what: string, part: string, known: Known | undefined, found: string | undefined): string[] {
    if (known === undefined || known.seq > this.#settled || known.text === found) return []
    return [`${what} has another ${part} than record ${known.seq} left it.`]
  }
}

type Placed = Pick<Holding, 'environmentId'>

/** A target goes by its name in its environment, whatever deployment it has. */
function keyOf({ kind, uid, name, environmentId }: Pick<AuditObject, 'kind' | 'uid' | 'name'> & Placed): string {
  const target = environmentId === undefined || environmentId === null ? String(name) : `${environmentId} ${name}`
  return `${kind} ${kind === 'target' ? digest(target) : uid}`
}

function digest(text: string): string {
  return hash('sha256', text, 'base64url')
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** The first API key and the usual settings come with the account, in one record; the list `default` with the first secret. */
function cameUnrecorded({ kind, id, name, isUsual }: Holding): boolean {
  return (kind === 'key' && id === 1) || (kind === 'list' && name === 'default') || isUsual === true
}

function textOf({ id, name, version, hash, environmentId }: Omit<AuditObject, 'kind' | 'uid'> & Placed): string {
  const where = environmentId === undefined || environmentId === null ? [] : [environmentId]
  return digest(JSON.stringify([id, name, version, hash, ...where]))
}
