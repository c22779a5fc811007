/** Fingerprints of what an account keeps: with them a text is searched for leaked values far from the server. */

import { createSecretKey, hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { randomBytes } from '../crypto/random.ts'
import { invalid, Refusal } from '../errors.ts'
import { type Fingerprint, fingerprintsOf, type Keys, newRollingKeys } from '../fingerprint/fingerprint.ts'
import { windowBytes } from '../fingerprint/strength.ts'
import { isPattern, matches } from '../model/pattern.ts'
import { allowsName, type Scope } from '../model/scope.ts'
import type { StoredVersion } from '../store/stored.ts'
import { type Asker, ask, type Vault, verify } from './vault.ts'
import { openVersion } from './versions.ts'

/** Secrets read in one query: each with all its versions, which may be files of the longest kind. */
const pageSize = 10
/** More are asked for in parts. */
const maxFingerprints = 100_000
/** The tag of a secret that has no fingerprint, whatever its value. */
export const noScanTag = 'no-scan'
const macKeyBytes = 32

interface Version {
  readonly id: number
  readonly name: string
  readonly version: number
}

/** Why a value has no fingerprint. */
type Reason = 'short' | 'guessable' | 'tag'

export interface FingerprintSet {
  readonly base: number
  readonly mix: number
  readonly macKey: Buffer
  readonly fingerprints: readonly (Version & Fingerprint)[]
  /** Values that cannot be looked for. */
  readonly unscannable: readonly (Version & { readonly reason: Reason })[]
}

/**
 * Makes fingerprints of all versions that are kept of the secrets that the asker may scan for, under keys that are
 * drawn for this set alone. That they were handed out is in the audit trail before this resolves.
 *
 * @param names a name, or a pattern with `*`
 * @throws Refusal `forbidden`, `invalid`, `too_large` for more than fit into one answer, `integrity_failure`
 */
export async function makeFingerprints(vault: Vault, asker: Asker, names = '*'): Promise<FingerprintSet> {
  if (!isPattern(names)) throw invalid('names', 'Must be a name, or a pattern such as "prod-*".')
  const { accountId, scopes } = await ask(vault, asker, { kind: 'list_fingerprints' })
  const macKey = randomBytes(macKeyBytes)
  const keys = { ...newRollingKeys(), mac: createSecretKey(macKey) }
  const fingerprints: (Version & Fingerprint)[] = []
  const unscannable: (Version & { reason: Reason })[] = []
  const made: string[] = []
  for await (const stored of storedVersions(vault, accountId)) {
    const { name, uid } = stored.secret
    if (!matches(names, name) || !allowsName(scopes, 'secrets:scan', name)) continue
    const one = await fingerprintsOfVersion(vault, asker, stored, keys)
    if ('reason' in one) unscannable.push(one)
    else {
      fingerprints.push(...one.made)
      made.push(`${uid} ${stored.version} ${name}`)
    }
    if (fingerprints.length + unscannable.length > maxFingerprints) throw tooMany()
  }
  await record(vault, asker, made, scopes)
  return { base: keys.base, mix: keys.mix, macKey, fingerprints, unscannable }
}

async function* storedVersions(vault: Vault, accountId: number): AsyncGenerator<StoredVersion> {
  for (let last = 0; ; ) {
    const page = await vault.store.versionsAfter(accountId, last, pageSize)
    yield* page
    const end = page.at(-1)?.secret.id
    // Secrets always have a version: a page without one is after the last.
    if (end === undefined) return
    last = end
  }
}

async function fingerprintsOfVersion(vault: Vault, asker: Asker, stored: StoredVersion, keys: Keys) {
  const { secret, version } = stored
  const of = { id: secret.id, name: secret.name, version }
  await verify(vault, asker, 'secrets', secret, 'secret.fingerprint')
  if (secret.tags.includes(noScanTag)) return { ...of, reason: 'tag' as const }
  const value = await openVersion(vault, asker, stored, 'secret.fingerprint')
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

function tooMany(): Refusal {
  const detail = `More than ${maxFingerprints} fingerprints: ask for parts of the names, such as "prod-*".`
  return new Refusal('too_large', `names: ${detail}`, { fields: [{ field: 'names', detail }] })
}
