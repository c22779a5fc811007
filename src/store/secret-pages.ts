/**
 * Reads the secrets of a search in an order, page by page. What an index has in this order is read as it is; what few have
 * is looked up and sorted; else the index of the order is gone along, a stretch at a time, and others have their turn
 * between two of them.
 */
import type { Secret, SecretSearch } from '../model/secret.ts'
import type { Key } from './bounds.ts'
import {
  atMost,
  type Course,
  countOf,
  countOfIds,
  courses,
  type Dialect,
  endOf,
  type Filter,
  filtersOf,
  goingLists,
  type Narrowing,
  nextRows,
  notIn,
  passing,
  passingOf,
  type Stretch,
  secretsOf,
  tagsOf,
} from './secret-search.ts'
import { type Query, type Reading, reading, sql } from './sql.ts'
import type { SecretListing, SecretOrder, SecretPage } from './store.ts'
import type { Within } from './stored.ts'
import { Stride } from './stride.ts'
import type { NamedRow } from './tables/field.ts'
import { lists } from './tables/list.ts'
import { secrets } from './tables/secret.ts'

/** Secrets read in one query, at most; of the longest page of an answer, one more tells whether there is another. */
const pageSize = 1000
/** So many are looked up by their primary keys and sorted, for each page; and so many, should they have become more. */
const few = 1000
const fewAtMost = 10 * few
const listsAtOnce = 100

/** The database, and whose secrets are looked for. */
export interface Asked {
  readonly dialect: Dialect
  readonly accountId: number
  readonly query: (query: Query) => Promise<readonly NamedRow[]>
}

/** Secrets of one kind, in the order of an index. */
interface Segment {
  /** Tells it from the others of its order. */
  readonly name: Key
  readonly course: Course
  readonly filters: readonly Filter[]
}

/** How the secrets of a search are come by. */
type Way =
  | { readonly kind: 'index'; readonly source: Stretch['source'] }
  | { readonly kind: 'few'; readonly ids: Query; readonly filters: readonly Filter[] }
  | { readonly kind: 'stretches'; readonly source: Stretch['source']; readonly filters: readonly Filter[] }

/** Rows as they are found: whoever takes them checks them. Fewer than were asked for are there where no more follow. */
export async function* secretPages(asked: Asked, listing: SecretListing): AsyncGenerator<SecretPage> {
  const { search, order, isDown, after, now } = listing
  const [from, ...key] = after ?? []
  const within = withinOf(asked, search)
  const filters = filtersOf(asked.dialect, within, search)
  const known = new Map<Filter, boolean>()
  let isBegun = from === undefined
  let { skip = 0 } = listing
  const going = skip > 0 ? await goingOf(asked) : []
  for await (const segment of segmentsOf(asked, search, order, isDown, now, from)) {
    const isThere = segment.name === from
    // The list that it was in may be gone: then it goes on with the next one.
    if (!isBegun && !isThere && order !== 'list') continue
    const way = await wayOf(asked, within, segment, filters, known)
    let begin: readonly Key[] | undefined = isThere && !isBegun ? key : undefined
    isBegun = true
    if (skip > 0) {
      const { count, last } = await passOver(asked, within, segment.course, way, skip, isDown, going)
      skip -= count
      if (last === undefined) continue
      begin = last
    }
    yield* pagesOf(asked, within, segment, way, { isDown, after: begin, limit: listing.limit })
  }
}

/** How many secrets a search is about. */
export async function countSecrets(asked: Asked, search: SecretSearch): Promise<number> {
  const filters = await standingOf(asked, search)
  // Along the index that has most of it in one stretch: that of names is small beside the rows.
  const course = filters.find((filter) => filter.course !== undefined)?.course ?? 'name'
  const within = withinOf(asked, search)
  const way = await wayOf(asked, within, { name: 0, course, filters: [] }, filters, new Map())
  if (way.kind === 'few') return numberOf(await asked.query(countOfIds(within, way.ids, way.filters)))
  let count = 0
  await goAlong(asked, course, way, (rows) => {
    count += numberOf(rows)
  })
  return count
}

/** How many secrets of a search there are in each list, by its id. */
export async function countByList(asked: Asked, search: SecretSearch): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>()
  const filters = await standingOf(asked, search)
  const way = { kind: 'stretches', source: secretsOf(withinOf(asked, search)), filters } as const
  await goAlong(asked, 'list', way, (rows) => {
    for (const { id, count } of rows) counts.set(Number(id), (counts.get(Number(id)) ?? 0) + Number(count))
  })
  return counts
}

/** The filters of a search whose rows are only counted. */
async function standingOf(asked: Asked, search: SecretSearch): Promise<readonly Filter[]> {
  return [...filtersOf(asked.dialect, withinOf(asked, search), search), ...(await goingOf(asked))]
}

function withinOf({ accountId }: Asked, { environmentId }: SecretSearch): Within {
  return { accountId, environmentId }
}

/** Leaves out what is in lists that are being deleted. */
async function goingOf({ accountId, query }: Asked): Promise<readonly Filter[]> {
  return notIn((await query(goingLists(accountId))).map(({ id }) => Number(id)))
}

/** What has been passed over of a segment: how many, and the last one, where others follow. */
interface Passed {
  readonly count: number
  /** What it is in order by. */
  readonly last?: readonly Key[] | undefined
}

/** Goes past the first so many of a segment without reading them: entries of an index are counted, a stretch at a time. */
async function passOver(
  asked: Asked,
  within: Within,
  course: Course,
  way: Way,
  count: number,
  isDown: boolean,
  going: readonly Filter[],
): Promise<Passed> {
  const filters = [...(way.kind === 'index' ? [] : way.filters), ...going]
  if (way.kind === 'few') {
    const nth = passingOf(within, way.ids, { course, isDown, after: undefined }, filters, 1, count - 1)
    const [last] = (await asked.query(nth)).map(secrets.read)
    if (last !== undefined) return { count, last: courses[course].keyOf(last) }
    return { count: numberOf(await asked.query(countOfIds(within, way.ids, filters))) }
  }
  const pace = new Stride()
  for (let after: readonly Key[] | undefined, passed = 0; ; ) {
    const at = { course, source: way.source, isDown, after }
    const left = count - passed
    const [found, upTo] = await pace.taken(async (most) => {
      // Where all pass, no more are looked at than are passed over.
      const rows = filters.length === 0 ? Math.min(most, left) : most
      const end = await endAt(asked, at, rows)
      if (end !== undefined && filters.length === 0) return [rows, end] as const
      return [numberOf(await asked.query(countOf(at, filters, end))), end] as const
    })
    if (found >= left) return { count, last: await endAt(asked, at, left, filters, upTo) }
    passed += found
    if (upTo === undefined) return { count: passed }
    after = upTo
  }
}

/** The tags of an environment by their letters, the first so many. */
export async function tags(
  { accountId, query }: Asked,
  environmentId: number,
  limit: number,
): Promise<readonly string[]> {
  return (await query(tagsOf({ accountId, environmentId }, limit))).map(({ tag }) => String(tag))
}

/** Counts the rows of a course, a stretch at a time. */
async function goAlong(
  asked: Asked,
  course: Course,
  way: Exclude<Way, { kind: 'few' }>,
  take: (rows: readonly NamedRow[]) => void,
): Promise<void> {
  const pace = new Stride()
  const filters = way.kind === 'index' ? [] : way.filters
  for (let after: readonly Key[] | undefined, isMore = true; isMore; ) {
    const at = { course, source: way.source, isDown: false, after }
    after = await pace.taken(async (rows) => {
      const upTo = await endAt(asked, at, rows)
      take(await asked.query(countOf(at, filters, upTo)))
      return upTo
    })
    isMore = after !== undefined
  }
}

async function wayOf(
  asked: Asked,
  within: Within,
  segment: Segment,
  ofSearch: readonly Filter[],
  known: Map<Filter, boolean>,
): Promise<Way> {
  const filters = [...ofSearch, ...segment.filters]
  const lead = filters.find(({ course }) => course === segment.course)
  const rest = filters.filter((filter) => filter !== lead || filter.isWider === true)
  const source = lead?.source ?? secretsOf(within, lead?.where)
  if (rest.length === 0) return { kind: 'index', source }
  for (const filter of filters) {
    const { ids } = filter
    if (ids === undefined) continue
    const isFew = known.get(filter) ?? numberOf(await asked.query(atMost(ids, few + 1))) <= few
    known.set(filter, isFew)
    if (isFew)
      return { kind: 'few', ids: sql`${ids} limit ${fewAtMost}`, filters: filters.filter((one) => one !== filter) }
  }
  return { kind: 'stretches', source, filters: rest }
}

interface Part {
  readonly isDown: boolean
  readonly after: readonly Key[] | undefined
  readonly limit: number
}

async function* pagesOf(
  asked: Asked,
  within: Within,
  segment: Segment,
  way: Way,
  part: Part,
): AsyncGenerator<SecretPage> {
  const { course } = segment
  const positionOf = (secret: Secret) => [segment.name, ...courses[course].keyOf(secret)]
  const read = async (query: Query) => (await asked.query(query)).map(secrets.read)
  const size = sizeOf(part.limit)
  if (way.kind === 'stretches') {
    yield* stretchesOf(asked, segment, way, part)
    return
  }
  const next = (after: readonly Key[] | undefined) =>
    way.kind === 'index'
      ? read(nextRows(asked.dialect, { course, source: way.source, isDown: part.isDown, after }, size))
      : read(passingOf(within, way.ids, { course, isDown: part.isDown, after }, way.filters, size))
  for (let page: Promise<readonly Secret[]> | undefined = next(part.after); page !== undefined; ) {
    const found: readonly Secret[] = await page
    const last = found.length === size ? found.at(-1) : undefined
    const follow = () => (last === undefined ? undefined : next(courses[course].keyOf(last)))
    // Where all are wanted, the store finds the next ones while these are verified and sent.
    const ahead = Number.isFinite(part.limit) ? undefined : follow()
    ahead?.catch(() => {})
    if (found.length > 0) yield { secrets: found, positionOf }
    page = ahead ?? follow()
  }
}

async function* stretchesOf(
  asked: Asked,
  { name, course }: Segment,
  { source, filters }: Extract<Way, { kind: 'stretches' }>,
  { isDown, after, limit }: Part,
): AsyncGenerator<SecretPage> {
  const positionOf = (secret: Secret) => [name, ...courses[course].keyOf(secret)]
  const size = sizeOf(limit)
  const pace = new Stride()
  for (let last = after; ; ) {
    const at = { course, source, isDown, after: last }
    const upTo = await endAt(asked, at, pace.rows)
    // Rows may come between the two statements: up to the end, all of them are looked at.
    const rows = await pace.taken((many) => asked.query(passing(asked.dialect, at, filters, upTo, 2 * many, size)))
    const found = rows.map(secrets.read)
    if (found.length > 0) yield { secrets: found, positionOf }
    const lastFound = found.length === size ? found.at(-1) : undefined
    if (lastFound === undefined && upTo === undefined) return
    last = lastFound === undefined ? upTo : courses[course].keyOf(lastFound)
  }
}

function sizeOf(limit: number): number {
  return limit <= pageSize + 1 ? limit : pageSize
}

/** In their order, from the one on that a listing goes on with. */
async function* segmentsOf(
  asked: Asked,
  search: SecretSearch,
  order: SecretOrder,
  isDown: boolean,
  now: number,
  from: Key | undefined,
): AsyncGenerator<Segment> {
  if (order === 'list') {
    yield* ofLists(asked, search, isDown, from)
    return
  }
  const segments = segmentsIn(asked, search, order, now)
  yield* isDown ? segments.toReversed() : segments
}

function segmentsIn(
  { accountId, dialect }: Asked,
  { type, expiresBefore, environmentId }: SecretSearch,
  order: Exclude<SecretOrder, 'list'>,
  now: number,
): Segment[] {
  const segment = (name: number, course: Course, ...filters: Filter[]): Segment => ({ name, course, filters })
  const within = { accountId, environmentId }
  const when = (part: Partial<Narrowing>) => filtersOf(dialect, within, { words: [], ...part })
  switch (order) {
    case 'created':
      return [segment(0, 'id')]
    case 'name':
    case 'updated':
      return [segment(0, order)]
    case 'type':
      if (type !== undefined) return [segment(0, 'name')]
      return (['file', 'text', 'template'] as const).map((one, at) => segment(at, 'name', ...when({ type: one })))
    case 'expires': {
      if (expiresBefore !== undefined) return [segment(0, 'expires')]
      const some = { where: sql`s.expires_ms is not null`, course: 'expires' } as const
      // What never expires comes last.
      return [segment(0, 'expires', some), segment(1, 'id', { where: sql`s.expires_ms is null` })]
    }
    case 'expired first': {
      const others = { where: sql`(s.expires_ms is null or s.expires_ms > ${now})` }
      return [segment(0, 'id', ...when({ expiresBefore: now + 1 })), segment(1, 'id', others)]
    }
  }
}

/** The lists by their names, each with its secrets by ascending id. */
async function* ofLists(
  { accountId, dialect, query }: Asked,
  { listId, environmentId }: SecretSearch,
  isDown: boolean,
  from: Key | undefined,
): AsyncGenerator<Segment> {
  const order = isDown ? sql`order by name desc` : sql`order by name`
  const within = sql`account_id = ${accountId} and environment_id = ${environmentId}`
  const only = listId === undefined ? sql`` : sql` and id = ${listId}`
  for (let after = from, isWith = true; ; isWith = false) {
    const on = after === undefined ? sql`` : beyondName(String(after), isDown, isWith)
    const found: readonly { id: number; name: string }[] = await readAll(
      query,
      reading(
        lists.part('id', 'name'),
        sql`select id, name from lists where ${within}${only}${on} ${order} limit ${listsAtOnce}`,
      ),
    )
    for (const { id, name } of found) {
      const inList =
        listId === undefined ? filtersOf(dialect, { accountId, environmentId }, { words: [], listId: id }) : []
      yield { name, course: 'id', filters: inList }
    }
    if (found.length < listsAtOnce) return
    after = found.at(-1)?.name
  }
}

function beyondName(name: string, isDown: boolean, isWith: boolean): Query {
  if (isDown) return isWith ? sql` and name <= ${name}` : sql` and name < ${name}`
  return isWith ? sql` and name >= ${name}` : sql` and name > ${name}`
}

async function readAll<Model>(query: Asked['query'], { query: asked, read }: Reading<Model>): Promise<Model[]> {
  return (await query(asked)).map((row) => read(row))
}

/** What the last one of the next so many rows is in order by; nothing where there are fewer. @see endOf */
async function endAt(
  { query }: Asked,
  at: Stretch,
  rows: number,
  filters?: readonly Filter[],
  upTo?: readonly Key[],
): Promise<readonly Key[] | undefined> {
  const [row] = await query(endOf(at, rows, filters, upTo))
  if (row === undefined) return undefined
  return courses[at.course].columns.map((_, column) => {
    const value = row[`k${column}`]
    return typeof value === 'string' ? value : Number(value)
  })
}

function numberOf([row]: readonly NamedRow[]): number {
  return Number(row?.['count'] ?? 0)
}
