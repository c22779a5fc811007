/**
 * One audit record and its canonical bytes, which the chain hashes and an export prints.
 *
 * The bytes are a JSON object in the canonical form of RFC 8785: members sorted by name, no blanks, only strings,
 * safe integers and null. A record is built from typed fields alone, never from a request; it cannot hold a value.
 */
import type { Code } from '../errors.ts'
import type { Principal } from '../model/principal.ts'

export type Action =
  | 'authenticate'
  | 'secret.list'
  | 'secret.read'
  | 'secret.create'
  | 'secret.update'
  | 'secret.delete'
  | 'secret.keep'
  | 'secret.restore'
  | 'secret.purge'
  | 'secret.rollback'
  | 'rollback'
  | 'secret.fingerprint'
  | 'secret.access'
  | 'metadata.read'
  | 'metadata.update'
  | 'secret.move'
  | 'list.list'
  | 'list.read'
  | 'list.values'
  | 'list.create'
  | 'list.rename'
  | 'list.delete'
  | 'list.keep'
  | 'list.restore'
  | 'list.purge'
  | 'environment.list'
  | 'environment.read'
  | 'environment.create'
  | 'environment.update'
  | 'environment.delete'
  | 'environment.keep'
  | 'environment.restore'
  | 'environment.purge'
  | 'deleted.list'
  | 'render'
  | 'deployment.list'
  | 'deployment.delete'
  | 'seed.create'
  | 'seed.list'
  | 'seed.read'
  | 'seed.delete'
  | 'seed.fetch'
  | 'seed.refetch'
  | 'seed.return'
  | 'version.list'
  | 'version.read'
  | 'version.restore'
  | 'version.destroy'
  | 'machine.list'
  | 'machine.read'
  | 'machine.create'
  | 'machine.delete'
  | 'settings.read'
  | 'settings.update'
  | 'user.list'
  | 'user.read'
  | 'user.create'
  | 'user.update'
  | 'user.delete'
  | 'user.accept'
  | 'session.open'
  | 'session.read'
  | 'session.confirm'
  | 'session.end'
  | 'login.begin'
  | 'login.read'
  | 'login.confirm'
  | 'login.refuse'
  | 'login.cancel'
  | 'login.redeem'
  | 'trust_rule.list'
  | 'trust_rule.read'
  | 'trust_rule.create'
  | 'trust_rule.update'
  | 'trust_rule.delete'
  | 'webhook.list'
  | 'webhook.read'
  | 'webhook.create'
  | 'webhook.update'
  | 'webhook.rotate'
  | 'webhook.delete'
  | 'webhook.disable'
  | 'webhook.test'
  | 'webhook.retry'
  | 'wrapping.create'
  | 'wrapping.read'
  | 'wrapping.open'
  | 'wrapping.rotate'
  | 'auth.oidc'
  | 'factor.change'
  | 'factor.add'
  | 'factor.remove'
  | 'factor.use'
  | 'sign_in.read'
  | 'sign_in.update'
  | 'key.list'
  | 'key.read'
  | 'key.create'
  | 'key.rotate'
  | 'key.revoke'
  | 'key.usage'
  | 'audit.read'
  | 'audit.verify'
  | 'event.listen'
  | 'audit.what_if'
  | 'audit.archive'
  | 'audit.restore'
  | 'account.read'
  | 'account.create'
  | 'account.rotate_key'
  | 'account.drop_key'
  | 'account.rewrap_key'
  | 'customer_key.read'
  | 'customer_key.set'
  | 'customer_key.remove'
  | 'customer_key.close'
  | 'customer_key.open'
  | 'master_key.add'
  | 'root_key.add'
  | 'root_key.drop'
  | 'store.backup'
  | 'store.restore'
  | 'store.migrate'

export const actions: readonly Action[] = [
  'authenticate',
  'secret.list',
  'secret.read',
  'secret.create',
  'secret.update',
  'secret.delete',
  'secret.keep',
  'secret.restore',
  'secret.purge',
  'secret.rollback',
  'rollback',
  'secret.fingerprint',
  'secret.access',
  'metadata.read',
  'metadata.update',
  'secret.move',
  'list.list',
  'list.read',
  'list.values',
  'list.create',
  'list.rename',
  'list.delete',
  'list.keep',
  'list.restore',
  'list.purge',
  'environment.list',
  'environment.read',
  'environment.create',
  'environment.update',
  'environment.delete',
  'environment.keep',
  'environment.restore',
  'environment.purge',
  'deleted.list',
  'render',
  'deployment.list',
  'deployment.delete',
  'seed.create',
  'seed.list',
  'seed.read',
  'seed.delete',
  'seed.fetch',
  'seed.refetch',
  'seed.return',
  'version.list',
  'version.read',
  'version.restore',
  'version.destroy',
  'machine.list',
  'machine.read',
  'machine.create',
  'machine.delete',
  'settings.read',
  'settings.update',
  'user.list',
  'user.read',
  'user.create',
  'user.update',
  'user.delete',
  'user.accept',
  'session.open',
  'session.read',
  'session.confirm',
  'session.end',
  'login.begin',
  'login.read',
  'login.confirm',
  'login.refuse',
  'login.cancel',
  'login.redeem',
  'trust_rule.list',
  'trust_rule.read',
  'trust_rule.create',
  'trust_rule.update',
  'trust_rule.delete',
  'webhook.list',
  'webhook.read',
  'webhook.create',
  'webhook.update',
  'webhook.rotate',
  'webhook.delete',
  'webhook.disable',
  'webhook.test',
  'webhook.retry',
  'wrapping.create',
  'wrapping.read',
  'wrapping.open',
  'wrapping.rotate',
  'auth.oidc',
  'factor.change',
  'factor.add',
  'factor.remove',
  'factor.use',
  'sign_in.read',
  'sign_in.update',
  'key.list',
  'key.read',
  'key.create',
  'key.rotate',
  'key.revoke',
  'key.usage',
  'audit.read',
  'audit.verify',
  'event.listen',
  'audit.what_if',
  'audit.archive',
  'audit.restore',
  'account.read',
  'account.create',
  'account.rotate_key',
  'account.drop_key',
  'account.rewrap_key',
  'customer_key.read',
  'customer_key.set',
  'customer_key.remove',
  'customer_key.close',
  'customer_key.open',
  'master_key.add',
  'root_key.add',
  'root_key.drop',
  'store.backup',
  'store.restore',
  'store.migrate',
]

/**
 * What a record is besides, to those who manage the account: they are told of it in place of the action. All others see the record
 * as its text has it, which is the one of any secret.
 */
export const asides = ['decoy.read', 'decoy.mark', 'decoy.unmark'] as const
export type Aside = (typeof asides)[number]

/** Whether an action is about what is in an environment, and not about the account. */
export function isPlaced(action: Action): boolean {
  return /^(secret|metadata|list|deleted|version|deployment|seed)\.|^(render|rollback)$/.test(action)
}

/** By which what is in an environment, or an environment itself, becomes another. */
export const changeActions = [
  'secret.create',
  'secret.update',
  'secret.delete',
  'secret.move',
  'secret.restore',
  'secret.rollback',
  'metadata.update',
  'version.restore',
  'list.create',
  'list.rename',
  'list.delete',
  'list.restore',
  'environment.create',
  'environment.update',
  'environment.delete',
  'environment.restore',
] as const satisfies readonly Action[]

/** Of those, the ones that hand out a value, one record for each value. */
export const valueReads: ReadonlySet<Action> = new Set<Action>(['secret.read', 'version.read'])

/** How an operation ends in the trail: done, done before, or refused with a code. */
export const outcomes = [
  'ok',
  'replayed',
  'forbidden',
  'not_found',
  'unauthenticated',
  'invalid_credentials',
  'second_factor_required',
  'sso_required',
  'enrolment_required',
  'confirmation_required',
  'rate_limited',
  'stale_version',
  'name_taken',
  'last_owner',
  'not_empty',
  'place_gone',
  'idempotency_mismatch',
  'invalid',
  'unresolved_references',
  'unsafe_rendering',
  'too_large',
  'key_exhausted',
  'integrity_failure',
  'account_key_unavailable',
] as const satisfies readonly ('ok' | 'replayed' | Code)[]
export type RecordedOutcome = (typeof outcomes)[number]
/** Of those, the refusals. */
export type RecordedCode = Exclude<RecordedOutcome, 'ok' | 'replayed'>

/** What was acted on. Absent parts were not known: a refused read of an unknown id has an id alone. */
export interface AuditObject {
  readonly kind:
    | 'secret'
    | 'fingerprints'
    | 'list'
    | 'environment'
    /** What was deleted and is kept, by the id of that deletion. */
    | 'deleted'
    | 'machine'
    | 'settings'
    | 'target'
    | 'seed'
    | 'trust_rule'
    | 'webhook'
    | 'key'
    | 'user'
    | 'factor'
    | 'sign_in'
    /** What an account keeps its key with, by its address. */
    | 'customer_key'
    | 'session'
    | 'login'
    /** An answer that waits to be opened. */
    | 'wrapping'
    | 'account'
    /** Records that are in a file of the archive: the number of the last one, and the file. */
    | 'segment'
    /** No thing: further refusals, which are counted and not recorded one by one. */
    | 'repeats'
  readonly id: number | null
  readonly uid: string | null
  readonly name: string | null
  readonly version: number | null
  /**
   * SHA-256, hexadecimal: of a secret's sealed value; of all that is kept of what was deleted; of the row MAC of an API key, a machine, a seed, a webhook, a user, a factor,
   * a login, a wrapped answer, a trust rule, an environment, a customer's key, settings or the rules for signing in; of what a target holds; of which versions
   * fingerprints were
   * handed out; of the file of a segment; with
   * `metadata.update` of the details, with `secret.move` of the list's uid.
   */
  readonly hash: string | null
}

/** Whom the trail names who was not let in, and what it says of that. */
export interface ShutOut {
  readonly accountId: number
  readonly principal: Principal
  readonly action: Action
  readonly object: AuditObject | null
  readonly outcome: RecordedCode
}

export interface AuditRecord {
  readonly accountId: number
  /** From 1, without gaps, in its account. */
  readonly seq: number
  /** Milliseconds since 1970; never less than the record before it. */
  readonly time: number
  readonly principal: Principal
  readonly action: Action
  readonly object: AuditObject | null
  /** `ok`, `replayed`, or the code of the refusal. */
  readonly outcome: string
  readonly requestId: string
  readonly address: string
  /** How its canonical text is written. */
  readonly format: number
  /** The environment that it was asked in, if another than `default`; `null` for what is in none. */
  readonly environmentId: number | null
}

/** By which a secret comes into a list, or gets another name. */
export const namingActions = [
  ...(['secret.create', 'secret.update', 'secret.move', 'version.restore'] as const),
  ...(['secret.restore', 'secret.rollback'] as const),
] as const

/** Whether a secret may be in another list since this record, or have another name. */
export function changesNames({ action, outcome }: Pick<AuditRecord, 'action' | 'outcome'>): boolean {
  return outcome === 'ok' && namingActions.some((one) => one === action)
}

const firstFormat = 1
/** Of what was asked in an environment. */
const placedFormat = 2

/** The format that a new record has: the first one, wherever it can say all that there is. */
export function formatOf({ environmentId }: Pick<AuditRecord, 'environmentId'>): number {
  return environmentId === null ? firstFormat : placedFormat
}

/** Whether a record has just what its format writes: what is not written, nobody has hashed. */
export function isWholeOf({ format, environmentId }: Pick<AuditRecord, 'format' | 'environmentId'>): boolean {
  return format === formatOf({ environmentId })
}

/**
 * By format, how a record's canonical text is written. A format is never changed or taken away, as trails are made of it:
 * another text is another format, and says so in a member `format`, which the first one has not.
 */
const encodings: ReadonlyMap<number, (record: AuditRecord) => string> = new Map([
  [firstFormat, encodeFirst],
  [placedFormat, encodePlaced],
])

/** Whether this version knows how records of a format are written. */
export function isKnownFormat(format: unknown): boolean {
  return typeof format === 'number' && encodings.has(format)
}

/**
 * The record's canonical text, as its format has it.
 *
 * @throws RangeError for a format that is not known (`isKnownFormat`)
 */
export function encodeRecord(record: AuditRecord): string {
  const encode = encodings.get(record.format)
  if (encode === undefined) throw new RangeError(`Record ${record.seq} is of the unknown format ${record.format}.`)
  return encode(record)
}

/** What ends the canonical text: where the record stands in its chain, which may be known later than all that comes before it. */
const place = '"seq":'

/** The canonical text up to the number of the record, which its time and the end follow: `5,"time":"2026-01-15T10:30:00.000Z"}`. */
export function encodeUpToPlace(record: AuditRecord): string {
  const text = encodeRecord(record)
  return text.slice(0, text.lastIndexOf(place) + place.length)
}

/**
 * Members in the order of their names. What is written by hand here is half of what recording costs when `JSON.stringify`
 * does it; it is held against that in the tests.
 */
function encodeFirst(record: AuditRecord): string {
  return encodePlain(record) ?? encodeAny(record)
}

/** Where nothing is absent and each text stands for itself, as in nearly all records: text by text takes longer. */
function encodePlain(record: AuditRecord): string | undefined {
  const { accountId, action, address, object, outcome, principal, requestId, seq, time } = record
  if (object === null) return undefined
  const { hash, id, kind, name, uid, version } = object
  if (hash === null || name === null || uid === null) return undefined
  const isOurs = isPlain(action) && isPlain(outcome) && isPlain(requestId) && isPlain(address)
  const isNamed = isPlain(principal.kind) && isPlain(principal.name) && isPlain(kind) && isPlain(name)
  if (!isOurs || !isNamed || !isPlain(uid) || !isPlain(hash)) return undefined
  return `{"account_id":${accountId},"action":"${action}","address":"${address}","object":{"hash":"${hash}","id":${id},"kind":"${kind}","name":"${name}","uid":"${uid}","version":${version}},"outcome":"${outcome}","principal":{"id":${principal.id},"kind":"${principal.kind}","name":"${principal.name}"},"request_id":"${requestId}","seq":${seq},"time":"${textOf(time)}"}`
}

/** The second format: with the environment, and what it is itself. */
function encodePlaced(record: AuditRecord): string {
  return encodeAny(record, `"environment":${record.environmentId},"format":${placedFormat},`)
}

/** @param placed what stands between the address and the object */
function encodeAny(record: AuditRecord, placed = ''): string {
  const { accountId, action, address, object, outcome, principal, requestId, seq, time } = record
  const who = `{"id":${principal.id},"kind":${quote(principal.kind)},"name":${quote(principal.name)}}`
  const [head, tail] = [
    `{"account_id":${accountId},"action":${quote(action)}`,
    `"seq":${seq},"time":"${textOf(time)}"}`,
  ]
  return `${head},"address":${quote(address)},${placed}"object":${encodeObject(object)},"outcome":${quote(outcome)},"principal":${who},"request_id":${quote(requestId)},${tail}`
}

function encodeObject(object: AuditObject | null): string {
  if (object === null) return 'null'
  const { hash, id, kind, name, uid, version } = object
  return `{"hash":${quote(hash)},"id":${id},"kind":${quote(kind)},"name":${quote(name)},"uid":${quote(uid)},"version":${version}}`
}

/** Printable ASCII without the quotation mark and the backslash stands for itself. */
const plain = /^[ !#-[\]-~]*$/

function isPlain(text: string): boolean {
  return plain.test(text)
}

function quote(text: string | null): string {
  if (text === null) return 'null'
  return isPlain(text) ? `"${text}"` : JSON.stringify(text)
}

/** Records come in the order of their times: many are of one second. */
let lastSecond = { at: Number.NaN, text: '' }

/** As `Date.prototype.toISOString` has it. */
function textOf(time: number): string {
  const second = Math.floor(time / 1000)
  if (second !== lastSecond.at) {
    // Seconds and the point, without the milliseconds and the Z.
    lastSecond = { at: second, text: new Date(second * 1000).toISOString().slice(0, -4) }
  }
  return `${lastSecond.text}${String(time - second * 1000).padStart(3, '0')}Z`
}
