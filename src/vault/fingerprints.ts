/** Fingerprints of what an account keeps: with them a text is searched for leaked values far from the server. */

import { createSecretKey, hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { randomBytes } from '../crypto/random.ts'
import { invalid, Refusal } from '../errors.ts'
import { type Fingerprint, fingerprintsOf, type Keys, rollingKeys } from '../fingerprint/fingerprint.ts'
import { strongWindow, windowBytes } from '../fingerprint/strength.ts'
import { isPattern } from '../model/pattern.ts'
import { namesOf, type Scope } from '../model/scope.ts'
import { fits } from '../model/secret-search.ts'
import type { Listing } from '../store/operation.ts'
import type { KeptVersion, StoredVersion } from '../store/stored.ts'
import { decodePosition, encodeCursor } from './cursors.ts'
import { filterInTurns } from './scan-in-turns.ts'
import { type ReadSecret, resolve } from './secrets.ts'
import { type Asker, ask, type Vault, verify } from './vault.ts'
import { openVersion } from './versions.ts'

/** Secrets read in one query: each with all its versions, which may be files of the longest kind. */
const pageSize = 10
/** More are asked for in parts. */
const maxFingerprints = 100_000
/** What all templates of one answer take to resolve, in bytes that are read for them: as each is resolved by itself, a few may be a lot. */
const maxTemplateBytes = 8 * 1024 * 1024
/** With a limit the answer ends here. */
const templateBytesOfPart = 2 * 1024 * 1024
/** As what each secret that goes into a template counts at least: it is looked up, and recorded. */
const leastBytes = 256
const setLivesMs = 3_600_000
/** The tag of a secret that has no fingerprint, whatever its value. */
export const noScanTag = 'no-scan'

interface Version {
  readonly id: number
  readonly name: string
  readonly version: number
}

/** Why a value has no fingerprint. */
type Reason = 'short' | 'guessable' | 'tag' | 'unresolved'

export interface FingerprintSet {
  readonly base: number
  readonly mix: number
  readonly macKey: Buffer
  readonly fingerprints: readonly (Version & Fingerprint)[]
  /** Values that cannot be looked for. */
  readonly unscannable: readonly (Version & { readonly reason: Reason })[]
  /** The cursor of the next part; `undefined` when there is none. */
  readonly next: string | undefined
}

/** A part of a set: the parts of one have the same keys. */
export interface Part {
  /** How many fingerprints are enough: those of a secret are never apart. Without it all are made, or it is refused. */
  readonly limit: number | undefined
  /** Where an earlier part ended. */
  readonly cursor: string | undefined
}

const whole: Part = { limit: undefined, cursor: undefined }

/**
 * Makes fingerprints of all versions that are kept of the secrets that the asker may scan for, under keys that are
 * made for this set alone. That they were handed out is in the audit trail before this resolves.
 *
 * @param names a name, or a pattern with `*`
 * @throws Refusal `forbidden`, `invalid`, `too_large` for more than fit into one answer, `integrity_failure`
 */
export async function makeFingerprints(
  vault: Vault,
  asker: Asker,
  names = '*',
  { limit, cursor }: Part = whole,
): Promise<FingerprintSet> {
  if (!isPattern(names)) throw invalid('names', 'Must be a name, or a pattern such as "prod-*".')
  const listing = await ask(vault, asker, { kind: 'list_fingerprints' })
  const { accountId, scopes } = listing
  const { set, after, begunAt } = begin(vault, accountId, cursor)
  const macKey = Buffer.from(vault.keyring.fingerprintKey(`mac ${accountId} ${set}`))
  const rolling = rollingKeys(vault.keyring.fingerprintKey(`rolling ${accountId} ${set}`))
  const keys = { ...rolling, mac: createSecretKey(macKey) }
  const fingerprints: (Version & Fingerprint)[] = []
  const unscannable: (Version & { reason: Reason })[] = []
  const made: string[] = []
  const templates = { bytes: 0 }
  let last: number | undefined
  for await (const versions of secretsOf(vault, asker, listing, names, after)) {
    for (const stored of versions) {
      const one = await fingerprintsOfVersion(vault, asker, stored, keys, templates)
      if ('reason' in one) unscannable.push(one)
      else {
        fingerprints.push(...one.made)
        made.push(`${stored.secret.uid} ${stored.version} ${stored.secret.name}`)
      }
    }
    const count = fingerprints.length + unscannable.length
    if (limit === undefined && count > maxFingerprints) throw tooMany(`More than ${maxFingerprints} fingerprints`)
    if (limit === undefined && templates.bytes > maxTemplateBytes) throw tooMany('Too much goes into these templates')
    last = versions[0]?.secret.id
    if (limit !== undefined && (count >= limit || templates.bytes > templateBytesOfPart)) break
    last = undefined
  }
  await record(vault, asker, made, scopes)
  const next = last === undefined ? undefined : encodeCursor(vault, accountId, 'fingerprints', [set, last, begunAt])
  return { base: keys.base, mix: keys.mix, macKey, fingerprints, unscannable, next }
}

interface Begun {
  /** What the keys of the set are made of. */
  readonly set: string
  /** The secret that the last part ended with. */
  readonly after: number
  readonly begunAt: number
}

function begin(vault: Vault, accountId: number, cursor: string | undefined): Begun {
  const now = vault.now()
  if (cursor === undefined) return { set: randomBytes(16).toString('hex'), after: 0, begunAt: now }
  const [set, after, begunAt] = decodePosition(vault, accountId, 'fingerprints', cursor)
  // Whoever knows the keys beforehand could have their guesses ready.
  if (Number(begunAt) < now - setLivesMs) throw invalid('cursor', 'Must be of a set that was begun within an hour.')
  return { set: String(set), after: Number(after), begunAt: Number(begunAt) }
}

/** The kept versions of each secret that is asked for, by ascending id: by their names first, so that no other is opened. */
async function* secretsOf(
  vault: Vault,
  asker: Asker,
  { accountId, scopes, environment }: Listing,
  name: string,
  after: number,
): AsyncGenerator<readonly StoredVersion[]> {
  const names = namesOf(scopes, 'secrets:scan', environment.name)
  const search = { name, names, words: [], environmentId: environment.id }
  const order = { order: 'created', isDown: false, after: after === 0 ? undefined : [0, after] } as const
  const listing = { search, ...order, limit: pageSize, now: vault.now() }
  for await (const page of vault.store.secretPages(accountId, listing)) {
    const wanted = await filterInTurns(page.secrets, (secret) => fits(search, secret))
    const found = await vault.store.versionsOf(
      accountId,
      wanted.map(({ id }) => id),
    )
    for (const one of found) if (one.destroyedAt !== null) await verifyDestroyed(vault, asker, one)
    const there = found.filter(({ destroyedAt }) => destroyedAt === null)
    yield* Map.groupBy(there, ({ secret }) => secret.id).values()
  }
}

/** Or somebody with the database could keep a value from being looked for. */
function verifyDestroyed(vault: Vault, asker: Asker, stored: StoredVersion & Pick<KeptVersion, 'mac'>): Promise<void> {
  const { secret, version, createdAt, name, destroyedAt, mac } = stored
  const head = { accountId: secret.accountId, secretId: secret.id, version, createdAt, name, destroyedAt, mac }
  return verify(vault, asker, 'versions', head, 'secret.fingerprint')
}

async function fingerprintsOfVersion(
  vault: Vault,
  asker: Asker,
  stored: StoredVersion,
  keys: Keys,
  templates: { bytes: number },
) {
  const { secret, version } = stored
  const of = { id: secret.id, name: secret.name, version }
  await verify(vault, asker, 'secrets', secret, 'secret.fingerprint')
  if (secret.tags.includes(noScanTag)) return { ...of, reason: 'tag' as const }
  const opened = await openVersion(vault, asker, stored, 'secret.fingerprint')
  const value =
    secret.type === 'template' ? await resolvedValue(vault, asker, { secret, value: opened }, templates) : opened
  if (typeof value === 'string') return { ...of, reason: value }
  try {
    const made = fingerprintsOf(value, keys)
    if (made.length > 0) return { made: made.map((one) => ({ ...of, ...one })) }
    return { ...of, reason: value.length < windowBytes ? ('short' as const) : ('guessable' as const) }
  } finally {
    value.fill(0)
    // Others are answered in between.
    await setImmediate()
  }
}

/** Of a template what is read of it, by whoever may scan for all that goes in; or why it has no fingerprint. */
async function resolvedValue(
  vault: Vault,
  asker: Asker,
  read: ReadSecret,
  templates: { bytes: number },
): Promise<Buffer | Reason> {
  templates.bytes += read.value.length
  const onRead = (secrets: number, bytes: number) => {
    templates.bytes += Math.max(bytes, secrets * leastBytes)
  }
  try {
    const { all, parts } = await resolve(vault, asker, [read], 'secrets:scan', onRead)
    return whyUnscannable(parts) ?? all[0]?.value ?? 'unresolved'
  } catch (error) {
    if (error instanceof Refusal && unresolved.has(error.code)) return 'unresolved'
    throw error
  } finally {
    read.value.fill(0)
  }
}

/**
 * What has no fingerprint alone has none through a template either: in the midst of a long text that somebody knows, or wrote,
 * it is found by trying guesses.
 */
function whyUnscannable(parts: readonly ReadSecret[]): Reason | undefined {
  if (parts.some(({ secret }) => secret.tags.includes(noScanTag))) return 'tag'
  const values = parts.filter(({ secret }) => secret.type !== 'template')
  return values.every(({ value }) => strongWindow(value) !== undefined) ? undefined : 'guessable'
}

const unresolved: ReadonlySet<string> = new Set(['unresolved_references', 'unsafe_rendering', 'too_large'])

async function record(vault: Vault, asker: Asker, made: readonly string[], scopes: readonly Scope[]): Promise<void> {
  const names = [...new Set(made.map((line) => line.slice(line.lastIndexOf(' ') + 1)))]
  await ask(vault, asker, {
    kind: 'hand_out_fingerprints',
    names,
    scopes,
    versions: made.length,
    hash: hash('sha256', made.map((line) => `${line}\n`).join(''), 'hex'),
  })
}

function tooMany(what: string): Refusal {
  const detail = `${what}: ask for parts of the names, such as "prod-*", or with a limit.`
  return new Refusal('too_large', `names: ${detail}`, { fields: [{ field: 'names', detail }] })
}
