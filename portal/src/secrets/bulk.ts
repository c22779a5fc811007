/** One action for many secrets: group by group, with how far it is, a way to stop, and what became of each. */
import { act, Cancelled, codeOf, sentenceOf } from '../api/ask.ts'
import { StrongroomError } from '../api/client.ts'
import type { Chosen } from './selection.ts'

/** As many as one request takes. */
const groupSize = 100
/** More failures are counted, and not listed. */
const maxFailures = 1000

export interface Failure extends Chosen {
  readonly why: string
}

export interface Bulk {
  readonly done: number
  readonly failed: number
  /** What failed and why, as far as it is listed. */
  readonly failures: readonly Failure[]
  /** Why it ended before all were tried, if it did. */
  readonly ended?: string
}

export const begun: Bulk = { done: 0, failed: 0, failures: [] }

/** Those of a group that were refused, and why. */
export type Refused = readonly { readonly id: number; readonly detail: string }[]

/**
 * Does something with each, group by group, and goes on when it fails for some.
 *
 * @param what does it with a group, of which each succeeds or fails by itself
 * @param signal stops it: the group that is on its way is waited for, and no other is begun
 */
export async function forEach(
  secrets: AsyncIterator<Chosen, void, undefined>,
  what: (group: readonly Chosen[]) => Promise<Refused>,
  signal: AbortSignal,
  onProgress: (bulk: Bulk) => void,
): Promise<Bulk> {
  let bulk = begun
  try {
    while (!signal.aborted && bulk.ended === undefined) {
      const group = await groupOf(secrets)
      if (group.length === 0 || signal.aborted) break
      bulk = await withGroup(bulk, group, what)
      onProgress(bulk)
    }
  } catch (error) {
    // It was to find more of them.
    if (!signal.aborted) bulk = { ...bulk, ended: sentenceOf(error) }
  }
  return bulk
}

async function groupOf(secrets: AsyncIterator<Chosen, void, undefined>): Promise<readonly Chosen[]> {
  const group: Chosen[] = []
  while (group.length < groupSize) {
    const next = await secrets.next()
    if (next.done === true) break
    group.push(next.value)
  }
  return group
}

async function withGroup(
  bulk: Bulk,
  group: readonly Chosen[],
  what: (group: readonly Chosen[]) => Promise<Refused>,
): Promise<Bulk> {
  try {
    const why = new Map((await act(() => what(group))).map(({ id, detail }) => [id, detail]))
    const refused = group.flatMap((one) => {
      const detail = why.get(one.id)
      return detail === undefined ? [] : [{ ...one, why: detail }]
    })
    return failedOf({ ...bulk, done: bulk.done + group.length - refused.length }, refused)
  } catch (error) {
    if (error instanceof Cancelled) return { ...bulk, ended: sentenceOf(error) }
    const sentence = sentenceOf(error)
    const failed = failedOf(
      bulk,
      group.map((one) => ({ ...one, why: sentence })),
    )
    return isFatal(error) ? { ...failed, ended: sentence } : failed
  }
}

function failedOf(bulk: Bulk, failures: readonly Failure[]): Bulk {
  return {
    ...bulk,
    failed: bulk.failed + failures.length,
    failures: [...bulk.failures, ...failures].slice(0, maxFailures),
  }
}

/** What the next one would meet, too. */
export function isFatal(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'unauthenticated' || code === 'unreachable' || (isServers(error) && code !== 'integrity_failure')
}

function isServers(error: unknown): boolean {
  return error instanceof StrongroomError && (error.status ?? 0) >= 500
}
