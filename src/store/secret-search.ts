/**
 * Which secrets a listing or a count is about, and in which order, as SQL: by an index where one leads to them, else in
 * stretches of an index, so that no statement looks at more than a few thousand rows.
 */
import type { Secret, SecretSearch } from '../model/secret.ts'
import { between, beyond, type Key } from './bounds.ts'
import { all, allAsText, eachByItself, joined, none, type Query, raw, sql } from './sql.ts'
import type { Within } from './stored.ts'
import { secrets } from './tables/secret.ts'

export type Dialect = 'sqlite' | 'postgres'

/** An index that rows are read along, and so the order that they come in. */
export type Course = 'id' | 'name' | 'updated' | 'expires' | 'list'

interface Along {
  readonly columns: readonly string[]
  keyOf(secret: Secret): readonly Key[]
}

export const courses: Readonly<Record<Course, Along>> = {
  id: { columns: ['s.id'], keyOf: ({ id }) => [id] },
  name: { columns: ['s.name'], keyOf: ({ name }) => [name] },
  updated: { columns: ['s.updated_ms', 's.id'], keyOf: ({ updatedAt, id }) => [updatedAt, id] },
  expires: { columns: ['s.expires_ms', 's.id'], keyOf: ({ expiresAt, id }) => [expiresAt ?? 0, id] },
  list: { columns: ['s.list_id', 's.id'], keyOf: ({ listId, id }) => [listId, id] },
}

/** Where rows are read from: tables, of which `s` are the secrets, and what all rows there have. */
export interface Source {
  readonly from: Query
  readonly where: Query
  /** The ids, in the table that is gone along. */
  readonly id: string
}

/** A condition, and what is known of how to find what fulfils it. */
export interface Filter {
  readonly where: Query
  /** The ids of the secrets that fulfil it, by an index. */
  readonly ids?: Query
  /** On this course, an index has what fulfils it in one stretch. */
  readonly course?: Course
  /** Where that is an index of another table. */
  readonly source?: Source
  /** Whether that has others, too. */
  readonly isWider?: true
  /** Whether it is a word of names, descriptions and tags, which no index leads to. */
  readonly isWord?: true
}

/** What a search narrows beyond its environment. */
export type Narrowing = Omit<SecretSearch, 'environmentId'>

/** The secrets that are there. */
function inPlace({ accountId, environmentId }: Within): Query {
  return sql`s.account_id = ${accountId} and s.environment_id = ${environmentId}`
}

/** The filters of a search; each row is held against the search once more when it was read (`model/secret-search.ts`). */
export function filtersOf(dialect: Dialect, within: Within, search: Narrowing): Filter[] {
  const { name, folder, names, words, listId, tag, type, expiresBefore, updatedBefore, isHeld, isHeldOld } = search
  const ids = (where: Query) => sql`select s.id from secrets s where ${inPlace(within)} and ${where}`
  const ranged = (where: Query, course: Course): Filter => ({ where, ids: ids(where), course })
  return [
    ...(name === undefined ? [] : namedLike(dialect, within, [name])),
    ...(folder === undefined ? [] : directlyIn(dialect, within, folder)),
    ...(names === undefined ? [] : namedLike(dialect, within, names)),
    ...words.map((word) => ({ where: holds(dialect, word), isWord: true as const })),
    ...(listId === undefined ? [] : [ranged(sql`s.list_id = ${listId}`, 'id')]),
    ...(tag === undefined ? [] : [tagged(within, tag)]),
    ...(type === undefined ? [] : [ofType(type, ids)]),
    ...(expiresBefore === undefined ? [] : [ranged(sql`s.expires_ms < ${expiresBefore}`, 'expires')]),
    ...(updatedBefore === undefined ? [] : [ranged(sql`s.updated_ms < ${updatedBefore}`, 'updated')]),
    ...(isHeld === true ? [held(within)] : []),
    ...(isHeldOld === true ? [held(within, sql` and h.version < s.version`)] : []),
  ]
}

/** By some deployment. @param how in which version */
function held({ accountId, environmentId }: Within, how: Query = none): Filter {
  return {
    where: sql`exists (select 1 from deployment_secrets h
      where h.account_id = s.account_id and h.secret_id = s.id${how} ${eachByItself})`,
    course: 'id',
    isWider: true,
    source: {
      // Of all that hold a secret, the first one stands for it.
      from: sql`deployment_secrets h cross join secrets s`,
      where: sql`h.account_id = ${accountId} and not exists (select 1 from deployment_secrets f
        where f.account_id = h.account_id and f.secret_id = h.secret_id and f.deployment_id < h.deployment_id ${eachByItself})
        and s.account_id = h.account_id and s.id = h.secret_id and s.environment_id = ${environmentId}`,
      id: 'h.secret_id',
    },
  }
}

function tagged({ accountId, environmentId }: Within, tag: string): Filter {
  const having = sql`t.account_id = ${accountId} and t.environment_id = ${environmentId} and t.tag = ${tag}`
  return {
    where: sql`exists (select 1 from secret_tags t
      where t.account_id = s.account_id and t.environment_id = s.environment_id and t.tag = ${tag} and t.secret_id = s.id
      ${eachByItself})`,
    ids: sql`select t.secret_id as id from secret_tags t where ${having}`,
    course: 'id',
    source: {
      // Of two tables that are crossed, SQLite goes along the first.
      from: sql`secret_tags t cross join secrets s`,
      where: sql`${having} and s.account_id = t.account_id and s.id = t.secret_id`,
      id: 't.secret_id',
    },
  }
}

function ofType(type: Secret['type'], ids: (where: Query) => Query): Filter {
  if (type !== 'file') return { where: sql`s.type = ${type}` }
  const where = sql`s.type = 'file'`
  return { where, ids: ids(where), course: 'name' }
}

/** Names that one of the patterns matches. What all of them begin with is a range of the index. */
function namedLike(dialect: Dialect, within: Within, patterns: readonly string[]): Filter[] {
  if (patterns.includes('*')) return []
  if (patterns.length === 0) return [{ where: sql`1 = 0` }]
  const like = patterns.map((pattern) => isLike(dialect, pattern))
  const where = like.length === 1 ? (like[0] ?? none) : sql`(${joined(like, ' or ')})`
  const ranges = patterns.map(rangeOf)
  const known = ranges.flatMap((range) => range ?? [])
  // What only ends alike, or has something in the middle, no index leads to.
  if (known.length < ranges.length) return [{ where }]
  const ids = joined(
    known.map((range) => sql`select s.id from secrets s where ${inPlace(within)} and ${range}`),
    ' union all ',
  )
  const [range] = known
  if (range === undefined || known.length > 1) return [{ where, ids }]
  const isDecided = /^[^*]+\*?$/.test(patterns[0] ?? '')
  return [{ where: range, ids, course: 'name' }, ...(isDecided ? [] : [{ where }])]
}

/** What a folder has, and no folder below it. */
function directlyIn(dialect: Dialect, within: Within, folder: string): Filter[] {
  return [...namedLike(dialect, within, [`${folder}*`]), { where: sql`not (${isLike(dialect, `${folder}*/*`)})` }]
}

/** Where names that a pattern matches are in the index of names; nothing for one that begins with anything. */
function rangeOf(pattern: string): Query | undefined {
  const [head = '', ...rest] = pattern.split('*')
  if (head === '') return undefined
  return rest.length === 0 ? sql`s.name = ${head}` : beginning(head)
}

/** Names are ASCII, so that the next text after all that begin with one has its last character one higher. */
function beginning(head: string): Query {
  const last = head.length - 1
  return sql`s.name >= ${head} and s.name < ${head.slice(0, last) + String.fromCharCode(head.charCodeAt(last) + 1)}`
}

function isLike(dialect: Dialect, pattern: string): Query {
  if (!pattern.includes('*')) return sql`s.name = ${pattern}`
  if (dialect === 'sqlite') return sql`s.name glob ${pattern}`
  return sql`s.name like ${escaped(pattern).replaceAll('*', '%')} escape '\\'`
}

/** Whether a word is in the name, the description or a tag, whatever the case of the letters A to Z. */
function holds(dialect: Dialect, word: string): Query {
  const like = sql`like ${`%${escaped(word)}%`} escape '\\'`
  // SQLite's own `like` knows the letters A to Z in both cases: three of them take less than to make one text. No word has a blank.
  if (dialect === 'sqlite') return sql`(s.name ${like} or s.description ${like} or s.tags ${like})`
  return sql`lower(s.name || ' ' || s.description || ' ' || s.tags) ${like}`
}

function escaped(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&')
}

/** Of which rows of a course the next ones are wanted. */
export interface Stretch {
  readonly course: Course
  readonly source: Source
  readonly isDown: boolean
  /** What the row before the first one is in order by. */
  readonly after: readonly Key[] | undefined
}

export function secretsOf(within: Within, where: Query = none): Source {
  const also = where === none ? none : sql` and ${where}`
  return { from: sql`secrets s`, where: sql`${inPlace(within)}${also}`, id: 's.id' }
}

/** What is in a list that is deleted is gone, though its rows go in parts. No join, which a planner would begin with. */
export const inStandingList = sql`(s.account_id, s.list_id) not in (
  select d.account_id, d.id from lists d where d.deleter_kind is not null)`

/** The lists of an account that are deleted, while some of what is in them is still to go. */
export function goingLists(accountId: number): Query {
  return sql`select id from lists where account_id = ${accountId} and deleter_kind > ''`
}

/** Leaves out what is in them. */
export function notIn(listIds: readonly number[]): Filter[] {
  return listIds.length === 0 ? [] : [{ where: raw(`s.list_id not in (${listIds.map(Number).join(', ')})`) }]
}

/** The next rows, all of which are wanted. */
export function nextRows(dialect: Dialect, stretch: Stretch, limit: number): Query {
  const which = sql`${whereOf(stretch)} and ${inStandingList} ${orderOf(stretch)} limit ${limit}`
  if (dialect !== 'sqlite') return sql`select ${all(secrets, 's')} ${which}`
  return { ...sql`select ${allAsText(secrets, 's')} ${which}`, inTexts: secrets.columns }
}

/** Those of the next rows that pass: of so many rows at most, and up to one of them if it is known. */
export function passing(
  dialect: Dialect,
  stretch: Stretch,
  filters: readonly Filter[],
  upTo: readonly Key[] | undefined,
  rows: number,
  limit: number,
): Query {
  const { isDown, course } = stretch
  const [words, others] = [filters.filter(isOfWord), filters.filter((filter) => !isOfWord(filter))]
  const end = sql`${orderOf({ isDown, course })} limit ${limit}`
  const pass = (which: readonly Filter[]) => allOf([...which, { where: inStandingList }])
  if (words.length > 0) {
    if (dialect === 'sqlite' && course === 'name') {
      // One index has all that a word is looked for in: few rows are left to be read.
      return sql`select ${all(secrets, 's')} from (
          select s.account_id, s.id ${whereOf(stretch, upTo)} and ${allOf(words)} ${orderOf(stretch)} limit ${rows}) f
        cross join secrets s where s.account_id = f.account_id and s.id = f.id and ${pass(others)} ${end}`
    }
    // To hand rows from one query to another takes as long as to find them.
    if (others.length === 0)
      return sql`select ${all(secrets, 's')} ${whereOf(stretch, upTo)} and ${pass(words)} ${orderOf(stretch)} limit ${limit}`
  }
  // The inner limit keeps a planner from leaving the course for the index of a filter.
  return sql`select ${all(secrets, 's')} from (
      select ${all(secrets, 's')} ${whereOf(stretch, upTo)} ${orderOf(stretch)} limit ${rows}) s
    where ${pass(filters)} ${end}`
}

/** No planner leaves a course for these. */
function isOfWord({ isWord }: Filter): boolean {
  return isWord === true
}

/** Of the secrets of these ids the next ones that pass. */
export function passingOf(
  within: Within,
  ids: Query,
  { course, after, isDown }: Omit<Stretch, 'source'>,
  filters: readonly Filter[],
  limit: number,
  offset = 0,
): Query {
  const { columns } = courses[course]
  const conditions = [
    ...filters.map(({ where }) => where),
    ...beyond(columns, after, isDown ? '<' : '>'),
    inStandingList,
  ]
  const also = sql` and ${joined(conditions, ' and ')}`
  return sql`with few as materialized (select distinct id from (${ids}) found)
    select ${all(secrets, 's')} from few f cross join secrets s
    where ${inPlace(within)} and s.id = f.id${also} ${orderOf({ course, isDown })} limit ${limit} offset ${offset}`
}

/**
 * What the last one of the next so many rows is in order by; no row where there are fewer.
 *
 * @param filters what they pass
 * @param upTo the last one that it may be
 */
export function endOf(
  stretch: Stretch,
  rows: number,
  filters: readonly Filter[] = [],
  upTo?: readonly Key[] | undefined,
): Query {
  const named = raw(
    columnsOf(stretch)
      .map((column, at) => `${column} as k${at}`)
      .join(', '),
  )
  const also = filters.length === 0 ? none : sql` and ${allOf(filters)}`
  return sql`select ${named} ${whereOf(stretch, upTo)}${also} ${orderOf(stretch)} limit 1 offset ${rows - 1}`
}

/** How many of the next rows pass, up to one of them or the last; in each list apart, along the course of lists. */
export function countOf(stretch: Stretch, filters: readonly Filter[], upTo: readonly Key[] | undefined): Query {
  const also = filters.length === 0 ? none : sql` and ${allOf(filters)}`
  if (stretch.course !== 'list') return sql`select count(*) as count ${whereOf(stretch, upTo)}${also}`
  return sql`select s.list_id as id, count(*) as count ${whereOf(stretch, upTo)}${also} group by s.list_id`
}

/** How many there are of these ids that pass. */
export function countOfIds(within: Within, ids: Query, filters: readonly Filter[]): Query {
  const also = filters.length === 0 ? none : sql` and ${allOf(filters)}`
  return sql`with few as materialized (select distinct id from (${ids}) found)
    select count(*) as count from few f cross join secrets s
    where ${inPlace(within)} and s.id = f.id${also}`
}

/** How many ids there are, as far as so many. */
export function atMost(ids: Query, most: number): Query {
  return sql`select count(*) as count from (${ids} limit ${most}) found`
}

/** The tags of an environment, one after the other. */
export function tagsOf({ accountId, environmentId }: Within, limit: number): Query {
  return sql`with recursive found(tag) as (
      select min(tag) from secret_tags where account_id = ${accountId} and environment_id = ${environmentId}
      union all
      select (select min(t.tag) from secret_tags t
        where t.account_id = ${accountId} and t.environment_id = ${environmentId} and t.tag > found.tag)
      from found where found.tag is not null)
    select tag from found where tag is not null limit ${limit}`
}

function whereOf(stretch: Stretch, upTo?: readonly Key[]): Query {
  const { course, source, after, isDown } = stretch
  const columns = columnsOf(stretch)
  const own = courses[course].columns
  // A planner knows that two ids are the same, and not that what bounds one bounds the other.
  const each = columns.join() === own.join() ? [columns] : [columns, own]
  const bounds = each.flatMap((one) => between(one, after, upTo, isDown))
  return sql`from ${source.from} where ${source.where}${bounds.length === 0 ? none : sql` and ${joined(bounds, ' and ')}`}`
}

function columnsOf({ course, source }: Pick<Stretch, 'course' | 'source'>): readonly string[] {
  return courses[course].columns.map((column) => (column === 's.id' ? source.id : column))
}

function orderOf({ course, isDown, source }: Pick<Stretch, 'course' | 'isDown'> & Partial<Stretch>): Query {
  const columns = source === undefined ? courses[course].columns : columnsOf({ course, source })
  return raw(`order by ${columns.map((column) => (isDown ? `${column} desc` : column)).join(', ')}`)
}

function allOf(filters: readonly Filter[]): Query {
  return joined(
    filters.map(({ where }) => where),
    ' and ',
  )
}
