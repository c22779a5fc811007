/** Listings of secrets: those that the asker may see, by filters and in an order. */
import { managesAccount, namesOf } from '../model/scope.ts'
import type { Secret, SecretSearch } from '../model/secret.ts'
import { fits, lowered } from '../model/secret-search.ts'
import type { IdOrName } from '../store/naming.ts'
import type { Inherited } from '../store/operations/secrets.ts'
import type { SecretListing, SecretOrder, SecretPage, SecretPosition } from '../store/store.ts'
import { byName } from './by-name.ts'
import { whileLetIn } from './pages.ts'
import { filterInTurns } from './scan-in-turns.ts'
import { type Asker, ask, type Vault, verifyAll } from './vault.ts'

/** Which secrets a listing or a count is about: those that pass every part that is given. */
export interface SecretFilter extends Omit<SecretSearch, 'names' | 'words' | 'listId' | 'environmentId'> {
  readonly list?: IdOrName | undefined
  /** What is looked for in names, descriptions and tags: words, each of which must be in one of them. */
  readonly text?: string | undefined
}

/** In which order, and in which direction. */
export interface SecretsInOrder extends SecretFilter {
  /** How many are passed over, where it begins at the beginning. */
  readonly skip?: number | undefined
  readonly order?: SecretOrder | undefined
  readonly isDown?: boolean | undefined
  /** Whether what is inherited is listed too: by name, whatever list it is in and whoever holds it. */
  readonly isEffective?: boolean | undefined
}

/** Where a listing goes on: after a position of an earlier one, or before it. */
export interface Begin {
  readonly after: SecretPosition
  readonly isBack: boolean
}

export interface SecretsFound {
  readonly accountId: number
  /** Whether the asker may know which are decoys. */
  readonly isManaged: boolean
  /** Whether they come the other way round, as they are the ones before. */
  readonly isBack: boolean
  readonly pages: AsyncIterable<readonly Secret[]>
  /** Of one that it has given: what its environment is called, if that is seen, and whether it is inherited from there. */
  placeOf(secret: Secret): { readonly environment: string | null; readonly isInherited: boolean }
  /** How many there are on all pages. */
  count(): Promise<number>
  /** Where the listing goes on after one that it has given. */
  positionOf(secret: Secret): SecretPosition
}

/**
 * Lists the secrets that the asker may see, in pages that are read as they are taken.
 *
 * @param begin gives where to begin, once the asker is known to the account
 * @param limit how many are wanted, at most
 * @throws Refusal `not_found` for a list that is not there, `forbidden`
 */
export async function listSecrets(
  vault: Vault,
  asker: Asker,
  { order = 'created', isDown = false, skip = 0, isEffective = false, ...wanted }: SecretsInOrder,
  begin: (accountId: number) => Begin | undefined,
  limit = Number.POSITIVE_INFINITY,
): Promise<SecretsFound> {
  const { accountId, isManaged, search, chain } = await searchOf(vault, asker, wanted)
  const { after, isBack = false } = begin(accountId) ?? {}
  const listing = { search, order, isDown: isDown !== isBack, after, skip, limit, now: vault.now() }
  // A listing of all goes on after none.
  const positions = limit === Number.POSITIVE_INFINITY ? undefined : new WeakMap<Secret, SecretPage>()
  const all = { ...listing, isDown: false, after: undefined, skip: 0, limit: Number.POSITIVE_INFINITY }
  const pages = isEffective
    ? merged(vault, asker, accountId, listing, chain)
    : checked(vault, asker, search, vault.store.secretPages(accountId, listing), positions, limit)
  return {
    accountId,
    isManaged,
    isBack,
    pages: whileLetIn(vault, asker, pages),
    count: () =>
      isEffective ? countOf(merged(vault, asker, accountId, all, chain)) : vault.store.countSecrets(accountId, search),
    positionOf: (secret) => (isEffective ? [0, secret.name] : (positions?.get(secret)?.positionOf(secret) ?? [])),
    placeOf: ({ environmentId }) => ({
      environment: chain.find(({ id }) => id === environmentId)?.name ?? null,
      isInherited: environmentId !== search.environmentId,
    }),
  }
}

/** Names of a folder that are read at once. */
const namesAtOnce = 200
/** Behind all that a name has. */
const afterAll = '~'

/**
 * What is directly in a folder, what is inherited with it: names of secrets, and of folders, which end in `/`; in their order.
 *
 * @param folder nothing, or a name that ends in `/`
 * @throws Refusal `forbidden`
 */
export async function listFolder(vault: Vault, asker: Asker, folder: string): Promise<readonly string[]> {
  const found = await searchOf(vault, asker, { name: `${folder}*` })
  return (await Array.fromAsync(whileLetIn(vault, asker, entriesOf(vault, asker, found, folder, undefined)))).flat()
}

/** Which folders are listed: those directly in one. */
export interface FoldersWanted {
  /** Nothing, or a name that ends in `/`. */
  readonly folder: string
  /** Whether those are listed too that only what is inherited is in. */
  readonly isEffective: boolean
  /** Gives the folder after which it begins, once the asker is known to the account. */
  readonly after: (accountId: number) => string | undefined
}

export interface FoldersFound {
  readonly accountId: number
  /** Their whole names, which end in `/`, in their order. */
  readonly pages: AsyncIterable<readonly string[]>
}

/**
 * Lists the folders of secrets that the asker may list: a folder of which they may list no secret is not there for them.
 *
 * @throws Refusal `forbidden`
 */
export async function listFolders(
  vault: Vault,
  asker: Asker,
  { folder, isEffective, after }: FoldersWanted,
): Promise<FoldersFound> {
  const { chain, ...found } = await searchOf(vault, asker, { name: `${folder}*/*` })
  const own = chain.filter(({ id }) => id === found.search.environmentId)
  const last = after(found.accountId)
  const entries = entriesOf(vault, asker, { ...found, chain: isEffective ? chain : own }, folder, last)
  async function* whole() {
    for await (const page of whileLetIn(vault, asker, entries)) yield page.map((entry) => folder + entry)
  }
  return { accountId: found.accountId, pages: whole() }
}

/**
 * What is directly in a folder, of the secrets that are found: each once, in its order.
 *
 * @param last the whole name of the secret or folder after which it begins
 */
async function* entriesOf(
  vault: Vault,
  asker: Asker,
  { accountId, search, chain }: Searched & Pick<SecretsFound, 'accountId'>,
  folder: string,
  last: string | undefined,
): AsyncIterable<readonly string[]> {
  for (let after = last; ; ) {
    // What else is in a folder says nothing new.
    const from = after?.endsWith('/') ? after + afterAll : after
    const listing = { search, isDown: false, after: from === undefined ? undefined : [0, from], now: vault.now() }
    const pages = merged(vault, asker, accountId, { ...listing, order: 'name', limit: namesAtOnce }, chain)
    const names = (await Array.fromAsync(pages)).flat().map(({ name }) => name)
    const entries = new Set(names.map((name) => name.slice(folder.length).replace(/\/.*/, '/')))
    yield [...entries]
    const end = [...entries].at(-1)
    if (names.length < namesAtOnce || end === undefined) return
    after = folder + end
  }
}

interface Searched {
  readonly search: SecretSearch
  readonly chain: readonly Inherited[]
}

/** What is asked for, of what the asker may list. */
export async function searchOf(
  vault: Vault,
  asker: Asker,
  { list: wanted, text = '', name, folder, tag, type, expiresBefore, updatedBefore, isHeld, isHeldOld }: SecretFilter,
): Promise<Pick<SecretsFound, 'accountId' | 'isManaged'> & Searched> {
  const { accountId, scopes, environment, list, chain } = await ask(vault, asker, {
    kind: 'list_secrets',
    list: wanted,
  })
  const parts = { name, folder, tag, type, expiresBefore, updatedBefore, isHeld, isHeldOld }
  const words = lowered(text)
    .split(/\s+/)
    .filter((word) => word !== '')
  const names = namesOf(scopes, 'secrets:list', environment.name)
  const search = { ...parts, environmentId: environment.id, listId: list?.id, names, words }
  return { accountId, isManaged: managesAccount(scopes), search, chain }
}

/** Whatever led to a row, it is held against the search and against its MAC. */
async function* checked(
  vault: Vault,
  asker: Asker,
  search: SecretSearch,
  pages: AsyncIterable<SecretPage>,
  positions: WeakMap<Secret, SecretPage> | undefined,
  limit: number,
): AsyncIterable<readonly Secret[]> {
  let left = limit
  for await (const page of pages) {
    const wanted = (await filterInTurns(page.secrets, (secret) => fits(search, secret))).slice(0, left)
    await verifyAll(vault, asker, 'secrets', wanted, 'secret.list')
    if (positions !== undefined) for (const secret of wanted) positions.set(secret, page)
    left -= wanted.length
    yield wanted
    if (left === 0) return
  }
}

/** Secrets that are given out together. */
const mergedAtOnce = 500

/**
 * The secrets of an environment and of its bases by their names: of several that have one name, the one of the environment
 * that comes first, if it passes the search. That is asked last: what passes may be hidden by what does not.
 */
async function* merged(
  vault: Vault,
  asker: Asker,
  accountId: number,
  { search, isDown, after, skip = 0, limit, now }: SecretListing,
  chain: readonly Inherited[],
): AsyncIterable<readonly Secret[]> {
  const { name, folder, names, environmentId: _, ...others } = search
  const isNarrowed = skip > 0 || Object.values(others).some((part) => (Array.isArray(part) ? part.length > 0 : part))
  const limitOfPage = Number.isFinite(limit) && !isNarrowed ? limit : mergedAtOnce
  const isWanted = (secret: Secret) => fits({ ...search, environmentId: secret.environmentId }, secret)
  const streams = chain.map(({ id: environmentId }) => {
    const own = { name, folder, names, words: [], environmentId }
    const listing = { search: own, order: 'name', isDown, after, limit: limitOfPage, now } as const
    const pages = vault.store.secretPages(accountId, listing)
    return eachOf(checked(vault, asker, own, pages, undefined, Number.POSITIVE_INFINITY))
  })
  let page: Secret[] = []
  let left = limit
  let passed = 0
  for await (const { secrets } of byName(streams, isDown)) {
    const first = secrets.find((one) => one !== undefined)
    if (first === undefined || !isWanted(first) || passed++ < skip) continue
    page.push(first)
    left--
    if (left === 0) break
    if (page.length === mergedAtOnce) {
      yield page
      page = []
    }
  }
  yield page
}

async function countOf(pages: AsyncIterable<readonly Secret[]>): Promise<number> {
  let count = 0
  for await (const page of pages) count += page.length
  return count
}

async function* eachOf<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T, void, undefined> {
  for await (const page of pages) yield* page
}
