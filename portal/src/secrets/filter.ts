/** Which secrets the table shows, and in which order: all of it is in the address, so that it can be shared. */
import type { Metadata } from '../../../src/client/index.ts'
import { expiryOf } from '../ui/time.tsx'

export const columns = ['name', 'list', 'type', 'expires', 'updated'] as const
export type Column = (typeof columns)[number]

export interface Filter {
  readonly q: string
  readonly list: string | null
  readonly type: string | null
  readonly tag: string | null
  /** `soon`: within 30 days, or expired; `stale`: unchanged for more than a year. */
  readonly state: 'soon' | 'stale' | null
  readonly sort: Column
  readonly isDown: boolean
}

export function filterOf(query: URLSearchParams): Filter {
  const [sort = 'name', direction] = (query.get('sort') ?? '').split('.')
  const state = query.get('state')
  return {
    q: query.get('q') ?? '',
    list: query.get('list'),
    type: query.get('type'),
    tag: query.get('tag'),
    state: state === 'soon' || state === 'stale' ? state : null,
    sort: columns.find((column) => column === sort) ?? 'name',
    isDown: direction === 'down',
  }
}

const yearMs = 365 * 86_400_000
const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

const keys: Record<Column, (secret: Metadata) => string> = {
  name: ({ name }) => name,
  list: ({ list }) => list.name,
  type: ({ type }) => type,
  // What never expires comes last.
  expires: ({ expires_at }) => expires_at ?? '9999',
  updated: ({ updated_at }) => updated_at,
}

export function isStale({ updated_at }: Pick<Metadata, 'updated_at'>, now = Date.now()): boolean {
  return now - Date.parse(updated_at) > yearMs
}

export function isExpiring({ expires_at }: Pick<Metadata, 'expires_at'>): boolean {
  return ['soon', 'expired'].includes(expiryOf(expires_at))
}

export function select(secrets: readonly Metadata[], filter: Filter): readonly Metadata[] {
  const words = filter.q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  const found = secrets.filter((secret) => {
    if (filter.list !== null && secret.list.name !== filter.list) return false
    if (filter.type !== null && secret.type !== filter.type) return false
    if (filter.tag !== null && !secret.tags.includes(filter.tag)) return false
    if (filter.state === 'soon' && !isExpiring(secret)) return false
    if (filter.state === 'stale' && !isStale(secret)) return false
    if (words.length === 0) return true
    const text = `${secret.name} ${secret.description} ${secret.tags.join(' ')}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const key = keys[filter.sort]
  const sign = filter.isDown ? -1 : 1
  const compare = filter.sort === 'updated' || filter.sort === 'expires' ? compareTexts : collator.compare
  return found.sort((one, other) => sign * compare(key(one), key(other)) || collator.compare(one.name, other.name))
}

function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
