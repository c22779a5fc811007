/** Tells environments apart, name by name, without a value: which are missing where, and which are the same. */
import { createHmac, hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { randomBytes } from '../crypto/random.ts'
import { invalid } from '../errors.ts'
import { strongWindow } from '../fingerprint/strength.ts'
import { isPattern } from '../model/pattern.ts'
import { allowsName, namesOf } from '../model/scope.ts'
import type { Secret } from '../model/secret.ts'
import { fits } from '../model/secret-search.ts'
import type { Listing } from '../store/operation.ts'
import type { StoredSecret } from '../store/stored.ts'
import { byName, type Row } from './by-name.ts'
import { noScanTag } from './fingerprints.ts'
import { whileLetIn } from './pages.ts'
import { filterInTurns } from './scan-in-turns.ts'
import { openStored } from './secrets.ts'
import { type Asker, ask, onlyIn, type Vault, verifyAll } from './vault.ts'

/** Environments that are compared at once. */
export const maxCompared = 10
/** Names that are compared, and recorded, in one piece. */
const namesAtOnce = 100
/** Secrets whose values are read in one query: each may be a file of the longest kind. */
const valuesAtOnce = 10

/** What an environment has under a name. */
export interface HeldThere {
  readonly environment: string
  readonly secret: Secret
  /**
   * The same number, from 1, for what has the same value; `null` for what cannot be compared: who may scan a value and not read it
   * could find out a guessable one by comparing it with guesses.
   */
  readonly group: number | null
}

/** A name, in all environments that have it. */
export interface Compared {
  readonly name: string
  /** `inherited`: nothing is missing, none of it is known to differ, and some of it is inherited; `unknown`: all have it, and some of it could not be compared. */
  readonly state: 'same' | 'different' | 'missing' | 'inherited' | 'unknown'
  readonly there: readonly HeldThere[]
  /** The environments that have none of their own, and inherit one. */
  readonly inheriting: readonly string[]
}

export interface Comparison {
  readonly accountId: number
  readonly environments: readonly string[]
  readonly pages: AsyncIterable<readonly Compared[]>
  /** Once the pages are through: the name after which there are more. */
  next(): string | undefined
}

interface Wanted {
  /** By their names; without them, all that the asker may know of. */
  readonly environments: readonly string[] | undefined
  /** A name, or a pattern with `*`. */
  readonly name: string | undefined
  /** Gives the name after which it begins, once the asker is known to the account. */
  readonly after: (accountId: number) => string | undefined
  readonly limit: number
}

/**
 * Compares what environments have themselves, by name, and tells what they inherit apart: of names that the asker may scan, or read, in each of them. That values were
 * compared is in the trail of each before it is told.
 *
 * @throws Refusal `not_found` for an environment that is not there, or not to be seen; `forbidden`, `invalid`,
 *   `integrity_failure`
 */
export async function compareEnvironments(
  vault: Vault,
  asker: Asker,
  { environments: named, name, after, limit }: Wanted,
): Promise<Comparison> {
  if (name !== undefined && !isPattern(name)) throw invalid('name', 'Must be a name, or a pattern such as "db-*".')
  const environments = named ?? (await ask(vault, asker, { kind: 'list_environments' })).map((one) => one.name)
  if (environments.length > maxCompared) {
    throw invalid('environments', `Say which: there are more than ${maxCompared} of them.`)
  }
  const sides: Side[] = []
  for (const environment of environments) {
    const there = onlyIn(asker, environment)
    const { chain, ...listing } = await ask(vault, there, { kind: 'list_fingerprints' })
    sides.push({ asker: there, listing, bases: chain.slice(1).map(({ id }) => id) })
  }
  const own = sides.map(({ listing }) => listing.environment.id)
  const bases = new Map(sides.flatMap((side) => side.bases.map((id) => [id, side] as const)))
  for (const id of own) bases.delete(id)
  const accountId = sides[0]?.listing.accountId ?? 0
  const state = { last: undefined as string | undefined, isMore: false }
  // One more tells whether there are more; and not so few in one query that whoever sees little waits for many.
  const asked = { name, after: after(accountId), limit: Math.max(limit + 1, namesAtOnce) }
  const rows = byName([
    ...sides.map((side) => secretsOf(vault, side, side.listing.environment.id, sides, asked)),
    ...[...bases].map(([id, side]) => secretsOf(vault, side, id, sides, asked)),
  ])
  const places = [...own, ...bases.keys()]
  const pages = compare(vault, sides, places, rows, limit, state)
  return {
    ...{ accountId, environments },
    pages: whileLetIn(vault, asker, pages),
    next: () => (state.isMore ? state.last : undefined),
  }
}

/** One of the environments. */
interface Side {
  readonly asker: Asker
  readonly listing: Listing
  /** The ids of those that it inherits from. */
  readonly bases: readonly number[]
}

/** What an environment has by name, one that is compared or a base of it: of names that the asker may scan in every one of them. */
async function* secretsOf(
  vault: Vault,
  { asker, listing }: Side,
  environmentId: number,
  sides: readonly Side[],
  { name, after, limit }: Pick<Wanted, 'name' | 'limit'> & { readonly after: string | undefined },
): AsyncGenerator<Secret, void, undefined> {
  const { accountId, scopes, environment } = listing
  const names = namesOf(scopes, 'secrets:scan', environment.name)
  const search = { name, names, words: [], environmentId }
  const order = { order: 'name', isDown: false, after: after === undefined ? undefined : [0, after] } as const
  const all = { search, ...order, limit, now: vault.now() }
  const isSeen = (secret: Secret) =>
    fits(search, secret) &&
    sides.every((one) => allowsName(one.listing.scopes, 'secrets:scan', one.listing.environment.name, secret.name))
  for await (const page of vault.store.secretPages(accountId, all)) {
    const seen = await filterInTurns(page.secrets, isSeen)
    await verifyAll(vault, asker, 'secrets', seen, 'secret.fingerprint')
    yield* seen
  }
}

async function* compare(
  vault: Vault,
  sides: readonly Side[],
  places: readonly number[],
  rows: AsyncGenerator<Row>,
  limit: number,
  state: { last: string | undefined; isMore: boolean },
): AsyncIterable<readonly Compared[]> {
  // Nobody knows it: equal values are told, and no value can be tried against it.
  const key = randomBytes(32)
  let left = limit
  let part: SidedRow[] = []
  let isFirst = true
  for await (const { name, secrets: all } of rows) {
    const row = { name, secrets: all.slice(0, sides.length), inheriting: inheritingOf(sides, places, all) }
    // What is in bases alone is the same for all that inherit it.
    if (row.secrets.every((one) => one === undefined)) continue
    if (left === 0) {
      state.isMore = true
      break
    }
    part.push(row)
    left--
    state.last = row.name
    if (part.length === namesAtOnce) {
      yield await comparePart(vault, sides, part, key, isFirst)
      isFirst = false
      part = []
    }
  }
  if (part.length > 0 || isFirst) yield await comparePart(vault, sides, part, key, isFirst)
}

interface SidedRow extends Row {
  readonly inheriting: readonly string[]
}

/** @param places the ids of the environments of what there is */
function inheritingOf(sides: readonly Side[], places: readonly number[], all: Row['secrets']): readonly string[] {
  const has = new Set(places.filter((_, at) => all[at] !== undefined))
  return sides.flatMap(({ listing, bases }, at) =>
    all[at] === undefined && bases.some((id) => has.has(id)) ? [listing.environment.name] : [],
  )
}

/** @param isFirst whether it is recorded where nothing was compared, too */
async function comparePart(
  vault: Vault,
  sides: readonly Side[],
  rows: readonly SidedRow[],
  key: Buffer,
  isFirst: boolean,
): Promise<readonly Compared[]> {
  const marks = new Map<number, Marked>()
  for (const [at, side] of sides.entries()) {
    const secrets = rows.flatMap(({ secrets: all }) => all[at] ?? [])
    for (let from = 0; from < secrets.length; from += valuesAtOnce) {
      const ids = secrets.slice(from, from + valuesAtOnce).map(({ id }) => id)
      const found = await vault.store.storedOf(side.listing.accountId, ids)
      await verifyAll(
        vault,
        side.asker,
        'secrets',
        found.map(({ secret }) => secret),
        'secret.fingerprint',
      )
      for (const stored of found) marks.set(stored.secret.id, await marked(vault, side, stored, key))
    }
  }
  for (const [at, side] of sides.entries()) {
    const made = rows.flatMap(({ secrets }) => marks.get(secrets[at]?.id ?? 0) ?? [])
    if (isFirst || made.length > 0) await recordComparison(vault, side, made)
  }
  return rows.flatMap((row) => comparedOf(row, sides, marks) ?? [])
}

/** A secret as it was when it was compared. */
interface Marked {
  readonly secret: Secret
  /** `undefined` for what is not compared. */
  readonly mark: string | undefined
}

async function marked(vault: Vault, { asker, listing }: Side, stored: StoredSecret, key: Buffer): Promise<Marked> {
  const { secret } = stored
  const { scopes, environment } = listing
  const mayRead = allowsName(scopes, 'secrets:read', environment.name, secret.name)
  if (secret.destroyedAt !== null || (!mayRead && secret.tags.includes(noScanTag))) return { secret, mark: undefined }
  const { value } = await openStored(vault, asker, stored)
  try {
    const isTold = mayRead || strongWindow(value) !== undefined
    return { secret, mark: isTold ? createHmac('sha256', key).update(value).digest('base64') : undefined }
  } finally {
    value.fill(0)
    // Others are answered in between.
    await setImmediate()
  }
}

async function recordComparison(vault: Vault, { asker, listing }: Side, made: readonly Marked[]): Promise<void> {
  const lines = made.map(({ secret: { uid, version, name } }) => `${uid} ${version} ${name}\n`)
  await ask(vault, asker, {
    kind: 'hand_out_fingerprints',
    names: made.map(({ secret }) => secret.name),
    scopes: listing.scopes,
    versions: made.length,
    hash: hash('sha256', lines.join(''), 'hex'),
  })
}

/** Nothing of a name that all of them have lost meanwhile. */
function comparedOf(
  { name, secrets, inheriting }: SidedRow,
  sides: readonly Side[],
  marks: ReadonlyMap<number, Marked>,
) {
  const groups = new Map<string, number>()
  const there = sides.flatMap(({ listing }, at): HeldThere[] => {
    const found = marks.get(secrets[at]?.id ?? 0)
    if (found === undefined || found.secret.name !== name) return []
    const { secret, mark } = found
    if (mark !== undefined && !groups.has(mark)) groups.set(mark, groups.size + 1)
    return [{ environment: listing.environment.name, secret, group: groups.get(mark ?? '') ?? null }]
  })
  if (there.length === 0) return undefined
  return { name, state: stateOf(there, inheriting.length, sides.length, groups.size), there, inheriting }
}

function stateOf(there: readonly HeldThere[], inheriting: number, sides: number, groups: number): Compared['state'] {
  if (there.length + inheriting < sides) return 'missing'
  if (groups > 1) return 'different'
  if (inheriting > 0) return 'inherited'
  return there.some(({ group }) => group === null) ? 'unknown' : 'same'
}
