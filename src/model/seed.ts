/** A seed: the documents that one machine may fetch at its first boot, with nothing but the seed's token. */
import { invalid } from '../errors.ts'
import type { Principal } from './principal.ts'

/** What cloud-init's NoCloud data source asks for. */
export const seedDocuments = ['user-data', 'meta-data', 'vendor-data', 'network-config'] as const

export type SeedDocument = (typeof seedDocuments)[number]

export interface Seed {
  readonly accountId: number
  readonly id: number
  /** Random and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  /** The look-up hash of its token, hexadecimal. */
  readonly tokenHash: string
  /** The machine that it is for. */
  readonly target: string
  /** Its templates, sealed. */
  readonly sealed: Uint8Array
  /** What may be read for it: what its maker could read when it was made. Canonical texts. */
  readonly scopes: readonly string[]
  /** Who made it. It ends when they are revoked. */
  readonly maker: Principal
  /** Of a user: which generation of theirs (`User.generation`) made it. */
  readonly makerGeneration: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number
  /** How often a document with secrets may be fetched. */
  readonly maxFetches: number
  /** How often each was, in the order of `seedDocuments`; without values, the first time. */
  readonly fetches: readonly number[]
  /** When user-data was fetched for the last time that it may be; milliseconds since 1970. */
  readonly usedAt: number | null
  /** How often a fetch was given back because its answer did not reach anybody. */
  readonly returns: number
  /** When it was last asked again for what had been fetched, to the hour; milliseconds since 1970. */
  readonly refetchedAt: number | null
  /** The environment that its references are looked up in. */
  readonly environmentId: number
  readonly mac: Uint8Array
}

export type SeedState = 'open' | 'used' | 'expired'

/** A seed whose time ends after it gave user-data, if less often than it might have, is used: some machine runs on it. */
export function seedState(seed: Seed, now: number): SeedState {
  if (seed.usedAt !== null) return 'used'
  if (seed.expiresAt > now) return 'open'
  return hasGivenUserData(seed) ? 'used' : 'expired'
}

/** Whether a machine may have booted with it. */
export function hasGivenUserData({ fetches }: Seed): boolean {
  return (fetches[0] ?? 0) > 0
}

/** After user-data cloud-init asks for vendor-data and network-config; a while later it is through. */
const afterUseMs = 10 * 60 * 1000

/**
 * Whether a document may be fetched.
 *
 * @param isSecret whether it holds values
 */
export function mayFetch(seed: Seed, document: SeedDocument, isSecret: boolean, now: number): boolean {
  if (isOver(seed, now) || (seed.usedAt !== null && document === 'user-data')) return false
  return hasFetchesLeft(seed, document, isSecret)
}

export function hasFetchesLeft({ fetches, maxFetches }: Seed, document: SeedDocument, isSecret: boolean): boolean {
  const isCounted = isSecret || document === 'user-data'
  return !isCounted || (fetches[seedDocuments.indexOf(document)] ?? 0) < maxFetches
}

/**
 * Whether who asks for a document that may not be fetched is told which machine it is, without a value, and not that
 * nothing is here. A machine asks again at each boot, and takes itself for a new one when nobody answers.
 *
 * @param isBacked whether its maker is still there
 */
export function mayRefetch(seed: Seed, document: SeedDocument, isBacked: boolean, now: number): boolean {
  // What meta-data holds may be used up by a boot that got no further.
  return hasGivenUserData(seed) || (isBacked && seed.expiresAt > now && document !== 'user-data')
}

/** Whether a document without a value was fetched before: that is neither counted nor recorded one by one. */
export function isFetchedAgain({ fetches }: Seed, document: SeedDocument, isSecret: boolean): boolean {
  return !isSecret && document !== 'user-data' && (fetches[seedDocuments.indexOf(document)] ?? 0) > 0
}

/** A machine that boots, or whoever else is on it, leaves one record an hour. */
const refetchGrainMs = 3600_000

export function isRefetchRecorded({ refetchedAt }: Seed, now: number): boolean {
  return refetchedAt !== null && now - refetchedAt < refetchGrainMs
}

/** Whether no document of a seed may ever be fetched again, so that its templates can go. */
export function isOver({ expiresAt, usedAt }: Seed, now: number): boolean {
  return expiresAt <= now || (usedAt !== null && usedAt + afterUseMs <= now)
}

/** The row after a document was fetched. */
export function fetched(seed: Seed, document: SeedDocument, now: number): Omit<Seed, 'mac'> {
  const fetches = seedDocuments.map((one, at) => (seed.fetches[at] ?? 0) + (one === document ? 1 : 0))
  const isLast = document === 'user-data' && (fetches[0] ?? 0) >= seed.maxFetches
  return { ...seed, fetches, usedAt: isLast ? now : seed.usedAt }
}

/** So often may answers get lost before a seed is spent. */
const maxReturns = 3

/** The row after an answer reached nobody, or `undefined` when that happened too often or shows too late. */
export function returned(seed: Seed, document: SeedDocument, now: number): Omit<Seed, 'mac'> | undefined {
  if (seed.returns >= maxReturns || isOver(seed, now)) return undefined
  const fetches = seedDocuments.map((one, at) => Math.max(0, (seed.fetches[at] ?? 0) - (one === document ? 1 : 0)))
  return { ...seed, fetches, usedAt: document === 'user-data' ? null : seed.usedAt, returns: seed.returns + 1 }
}

export const defaultLifetimeSeconds = 3600
export const maxLifetimeSeconds = 7 * 24 * 3600
const mostFetches = 100

/** @throws Refusal `invalid` naming `expires_in` or `max_fetches` */
export function checkSeedLimits(lifetime: number, maxFetches: number): void {
  if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > maxLifetimeSeconds) {
    throw invalid('expires_in', `Must be a whole number of seconds from 1 to ${maxLifetimeSeconds}.`)
  }
  if (!Number.isInteger(maxFetches) || maxFetches < 1 || maxFetches > mostFetches) {
    throw invalid('max_fetches', `Must be a whole number from 1 to ${mostFetches}.`)
  }
}
