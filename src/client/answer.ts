/** What answers say in headers: the state of a secret, and where a listing goes on. */
import { errorOf } from './errors.ts'
import type { Received } from './exchange.ts'
import type { CountedPage, Page, PageQuery, Tagged } from './model.ts'
import type { AnswerHeaders } from './options.ts'

/**
 * The body with its entity tag.
 *
 * @throws UnexpectedAnswer without one: a change on condition of it would be made without any
 */
export function tagged<T>({ body, headers }: Received<T>): T & Tagged {
  const etag = headers.get('etag')
  if (etag === null) {
    throw errorOf(
      {
        code: 'unexpected_answer',
        message: 'The answer has no ETag. Something before the server removes it, or does not let scripts see it.',
        requestId: headers.get('strongroom-request-id') ?? undefined,
      },
      false,
    )
  }
  return { ...body, etag }
}

/**
 * The entity tag of a version, for `ifMatch`: of `update`, `restore` and `delete`, by one who has the `version` that
 * metadata and deployments tell.
 */
export function versionTag(version: number): string {
  return `"${version}"`
}

export function pageOf<Item>(items: readonly Item[], headers: AnswerHeaders): Page<Item> {
  const next = headers.get('strongroom-next-cursor')
  return next === null ? { items } : { items, next }
}

/** With the way back, and how many there are. */
export function countedPageOf<Item>(items: readonly Item[], headers: AnswerHeaders): CountedPage<Item> {
  const [previous, total] = [headers.get('strongroom-previous-cursor'), headers.get('strongroom-total-count')]
  return {
    ...pageOf(items, headers),
    ...(previous === null ? {} : { previous }),
    ...(total === null ? {} : { total: Number(total) }),
  }
}

/** Items of a page where all are wanted. */
const pageSize = 1000

/** The items of a whole listing, each page read when it is needed. */
export function allPages<Item>(read: (query: PageQuery) => Promise<Page<Item>>): AsyncGenerator<Item, void, undefined> {
  return itemsOf((cursor) => read({ limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }))
}

/** The items of all pages, each page read when it is needed. */
export async function* itemsOf<Item>(
  read: (cursor: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let cursor: string | undefined
  do {
    const page = await read(cursor)
    yield* page.items
    if (page.next !== undefined && page.next === cursor) {
      throw errorOf(
        { code: 'unexpected_answer', message: 'The listing does not go on: a page leads to itself.' },
        false,
      )
    }
    cursor = page.next
  } while (cursor !== undefined)
}

/** The id by which what was deleted can be restored, if it can. */
export function deletionOf(headers: AnswerHeaders): number | undefined {
  const id = headers.get('strongroom-deleted')
  return id === null ? undefined : Number(id)
}

/** For how many days what is deleted can be restored: a server that does not say so keeps nothing. */
export function recoveryDaysOf(headers: AnswerHeaders): number {
  return Number(headers.get('strongroom-recovery-days') ?? 0)
}
