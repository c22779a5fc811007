/** Answers listings: one page, by `limit` and `cursor`, or all of it, streamed. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { decodeCursor, encodeCursor, type Listing } from '../vault/cursors.ts'
import type { Found, Wanted } from '../vault/pages.ts'
import type { Vault } from '../vault/vault.ts'
import { CursorQuery, KeyQuery, PageLimit } from './schema.ts'

/** What a listing by ids is asked with. */
export const pageQuery = { ...KeyQuery, limit: PageLimit, cursor: CursorQuery }

/** The query of a listing that takes nothing else. */
export const PageQuery = Type.Object(pageQuery, { additionalProperties: false })

interface Asked {
  readonly limit?: string | undefined
  readonly cursor?: string | undefined
}

/** A listing in the words of its route: what it is called, and how it is read and written. */
interface Listed<Row, Beside, Item, Answer> {
  readonly listing: Listing
  readonly read: (wanted: Wanted) => Promise<Found<Row> & Beside>
  readonly shown: (row: Row) => Item
  /** Puts the items into the answer, with what was found beside them; around none of them it ends with `]}`. */
  readonly answer: (items: readonly Item[], found: Beside) => Answer
}

/** One page with `limit`, and where the next one begins in `Strongroom-Next-Cursor`; all of it without. */
export async function answerListing<Row extends { readonly id: number }, Beside, Item, Answer>(
  vault: Vault,
  { limit, cursor }: Asked,
  reply: FastifyReply,
  { listing, read, shown, answer }: Listed<Row, Beside, Item, Answer>,
): Promise<Answer | FastifyReply> {
  const after = (accountId: number) =>
    cursor === undefined ? undefined : decodeCursor(vault, accountId, listing, cursor)
  if (limit === undefined) {
    const all = await read({ after, limit: Number.POSITIVE_INFINITY })
    return sendAll(reply, all.pages, shown, (items) => answer(items, all))
  }
  const most = Number(limit)
  // One more tells whether there is another page.
  const all = await read({ after, limit: most + 1 })
  const found = await take(all.pages, most + 1)
  const page = found.slice(0, most)
  const last = page.at(-1)
  if (found.length > most && last !== undefined) {
    reply.header('strongroom-next-cursor', encodeCursor(vault, all.accountId, listing, last.id))
  }
  return answer(page.map(shown), all)
}

/** The first so many. */
export async function take<Row>(pages: AsyncIterable<readonly Row[]>, count: number): Promise<readonly Row[]> {
  const found: Row[] = []
  for await (const page of pages) {
    found.push(...page)
    if (found.length >= count) break
  }
  return found.slice(0, count)
}

/** One page is answered at once; a longer list is streamed, so that its length never has to fit into memory. */
export async function sendAll<Row, Item, Answer>(
  reply: FastifyReply,
  pages: AsyncIterable<readonly Row[]>,
  shown: (row: Row) => Item,
  answer: (items: readonly Item[]) => Answer,
): Promise<Answer | FastifyReply> {
  const rest = pages[Symbol.asyncIterator]()
  const first = await rest.next()
  const second = await rest.next()
  const head: readonly Row[] = first.done === true ? [] : first.value
  if (second.done === true) return answer(head.map(shown))
  const around = JSON.stringify(answer([]))
  const body = Readable.from(joined(around, joinedPages(head, second.value, rest), shown))
  return reply
    .type('application/json; charset=utf-8')
    .serializer((payload: unknown) => payload as string)
    .send(body)
}

async function* joinedPages<Row>(
  first: readonly Row[],
  second: readonly Row[],
  rest: AsyncIterator<readonly Row[]>,
): AsyncIterable<readonly Row[]> {
  yield first
  yield second
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

const end = ']}'

/** @param around the answer without an item */
async function* joined<Row>(around: string, pages: AsyncIterable<readonly Row[]>, shown: (row: Row) => unknown) {
  let separator = around.slice(0, -end.length)
  for await (const page of pages) {
    if (page.length === 0) continue
    yield separator + page.map((row) => JSON.stringify(shown(row))).join(',')
    separator = ','
  }
  yield separator === ',' ? end : around
}
