/** Which secrets the table shows, and in which order: all of it is in the address, so that it can be shared. */
import type { Metadata } from '../api/client.ts'
import { expiryOf } from '../ui/time.tsx'
import { columns } from './columns.tsx'

/** In the order that they are shown in. */
export const states = {
  /** Within 30 days, or expired. */
  soon: 'Expiring',
  /** For more than a year. */
  stale: 'Unchanged for a year',
  /** By some target: it is to be deployed again. */
  'held-old': 'Held in an old version',
} as const
export type State = keyof typeof states

export interface Filter {
  readonly q: string
  readonly list: string | null
  readonly type: string | null
  readonly tag: string | null
  readonly state: State | null
  /** The id of a column that may be sorted by. */
  readonly sort: string
  readonly isDown: boolean
}

/** Sets parts of the address, or takes them away. */
export type Change = (part: Readonly<Record<string, string | null>>) => void

export function filterOf(query: URLSearchParams): Filter {
  const [sort = 'name', direction] = (query.get('sort') ?? '').split('.')
  const state = query.get('state')
  return {
    q: query.get('q') ?? '',
    list: query.get('list'),
    type: query.get('type'),
    tag: query.get('tag'),
    state: state !== null && isState(state) ? state : null,
    sort: columns.find(({ id, sortsBy }) => id === sort && sortsBy !== undefined)?.id ?? 'name',
    isDown: direction === 'down',
  }
}

function isState(text: string): text is State {
  return Object.hasOwn(states, text)
}

const yearMs = 365 * 86_400_000
const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** What is found and compared of a secret, made ready once: with ten thousand of them, each key press would be felt. */
interface Entry {
  readonly secret: Metadata
  /** In lower case: all that a search looks at. */
  readonly text: string
}

/** In the order of their names, as people count: `key-2` before `key-10`. */
export function indexOf(secrets: readonly Metadata[]): readonly Entry[] {
  return secrets
    .map((secret) => ({
      secret,
      text: `${secret.name} ${secret.description} ${secret.tags.join(' ')}`.toLowerCase(),
    }))
    .sort((one, other) => collator.compare(one.secret.name, other.secret.name))
}

export function isStale({ updated_at }: Pick<Metadata, 'updated_at'>, now = Date.now()): boolean {
  return now - Date.parse(updated_at) > yearMs
}

export function isExpiring({ expires_at }: Pick<Metadata, 'expires_at'>): boolean {
  return ['soon', 'expired'].includes(expiryOf(expires_at))
}

/**
 * Those that pass, in the order that is asked for; equals stay in the order of their names.
 *
 * @param heldOld ids of those that a target holds in an old version
 */
export function select(
  entries: readonly Entry[],
  filter: Filter,
  heldOld: ReadonlySet<number> | undefined,
): readonly Metadata[] {
  const words = filter.q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const found = entries
    .filter(({ secret, text }) => passes(secret, filter, heldOld) && words.every((word) => text.includes(word)))
    .map(({ secret }) => secret)
  return inOrder(found, filter)
}

/** @param found in the order of their names */
function inOrder(found: Metadata[], { sort, isDown }: Filter): readonly Metadata[] {
  const { sortsBy, isCounted = false } = columns.find(({ id }) => id === sort) ?? {}
  if (sort === 'name' || sortsBy === undefined) return isDown ? found.reverse() : found
  const sign = isDown ? -1 : 1
  if (!isCounted) return found.sort((one, other) => sign * compareTexts(sortsBy(one), sortsBy(other)))
  const texts = [...new Set(found.map(sortsBy))].sort(collator.compare)
  const ranks = new Map(texts.map((text, rank) => [text, rank]))
  const rankOf = (secret: Metadata) => ranks.get(sortsBy(secret)) ?? 0
  return found.sort((one, other) => sign * (rankOf(one) - rankOf(other)))
}

function passes(
  secret: Metadata,
  { list, type, tag, state }: Filter,
  heldOld: ReadonlySet<number> | undefined,
): boolean {
  if (list !== null && secret.list.name !== list) return false
  if (type !== null && secret.type !== type) return false
  if (tag !== null && !secret.tags.includes(tag)) return false
  if (state === 'soon') return isExpiring(secret)
  if (state === 'held-old') return heldOld?.has(secret.id) === true
  return state !== 'stale' || isStale(secret)
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
