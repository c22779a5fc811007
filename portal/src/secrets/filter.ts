/** Which secrets the table shows, and in which order: all of it is in the address, so that it can be shared. */
import type { SecretFilter } from '../api/client.ts'
import { timeOf } from '../ui/time.tsx'
import { columns } from './columns.tsx'
import { folderIn } from './folders.ts'
import { isType, type Type } from './types.ts'

/** In the order that they are shown in. */
export const states = {
  /** Within 30 days, or expired. */
  soon: 'Expiring',
  /** For more than a year. */
  stale: 'Not rotated in 1 year',
  /** By some target: it is to be deployed again. */
  'held-old': 'Outdated deployments',
} as const
export type State = keyof typeof states

const dayMs = 86_400_000

/** Those that are in a state, as the server finds them. */
export const inState: Readonly<Record<State, (now: number) => SecretFilter>> = {
  soon: (now) => ({ expires_before: timeOf(now + 30 * dayMs) }),
  stale: (now) => ({ updated_before: timeOf(now - 365 * dayMs) }),
  'held-old': () => ({ held: 'old' }),
}

export interface Filter {
  readonly q: string
  readonly list: string | null
  /** The one that is open: without a `/` at its end, and empty for the one that all are in. */
  readonly folder: string | null
  /** Whether what is in folders below it is shown too, without these. */
  readonly isDeep: boolean
  readonly type: Type | null
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
  const [state, type] = [query.get('state'), query.get('type')]
  return {
    q: query.get('q') ?? '',
    list: query.get('list'),
    folder: folderIn(query),
    isDeep: query.get('deep') === 'true',
    type: isType(type) ? type : null,
    tag: query.get('tag'),
    state: state !== null && isState(state) ? state : null,
    sort: columns.find(({ id, sortsBy }) => id === sort && sortsBy !== undefined)?.id ?? 'name',
    isDown: direction === 'down',
  }
}

function isState(text: string): text is State {
  return Object.hasOwn(states, text)
}

/** What the server is asked for. @param text what is looked for, as it stands in the field */
export function searchOf(filter: Filter, text: string, now: number): SecretFilter {
  const { list, folder, type, tag, state, sort, isDown } = filter
  const { sortsBy = 'name' } = columns.find(({ id }) => id === sort) ?? {}
  const q = text.trim()
  return {
    sort: sortsBy,
    ...(isDown ? { order: 'desc' } : {}),
    ...(q === '' ? {} : { q }),
    ...(list === null ? {} : { list }),
    ...(folder === null ? {} : inOpen(folder, isOfLevel(filter, text))),
    ...(type === null ? {} : { type }),
    ...(tag === null ? {} : { tag }),
    ...(state === null ? {} : inState[state](now)),
  }
}

/** Whether a folder is shown as it is, with its folders; what is looked for in it is looked for in those below, too. */
export function isOfLevel({ folder, isDeep, list, type, tag, state }: Filter, text: string): boolean {
  return folder !== null && !isDeep && text.trim() === '' && [list, type, tag, state].every((part) => part === null)
}

function inOpen(folder: string, isLevel: boolean): SecretFilter {
  if (isLevel) return { folder: folder === '' ? '' : `${folder}/` }
  return folder === '' ? {} : { name: `${folder}/*` }
}

/** Whether a search leaves none out. */
export function isOfAll({ sort: _, order: __, ...filters }: SecretFilter): boolean {
  return Object.keys(filters).length === 0
}
