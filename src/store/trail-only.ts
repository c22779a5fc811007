/** What a batch leaves that changes nothing but the trail, which other batches of its accounts may do meanwhile. */
import type { Changes } from './changes.ts'
import { apiKeys } from './tables/api-key.ts'
import { audit } from './tables/record.ts'
import type { TableOf } from './tables/table.ts'

type RowOf<Table> = Table extends TableOf<infer Row> ? Row : never
type Records = readonly RowOf<typeof audit>[]
type Keys = readonly RowOf<typeof apiKeys>[]

export interface TrailOnly {
  /** In their order. Where they stand in the trail of their account is not said yet. */
  readonly records: Records
  /** Keys whose time of last use moves. */
  readonly used: Keys
}

/** The columns that move without a record. */
const moving: ReadonlySet<string> = new Set(['last_used_ms', 'last_used_api'])

/** @returns nothing where anything else is changed */
export function trailOnly(changes: Changes): TrailOnly | undefined {
  if (changes.drops.size > 0) return undefined
  for (const { rows, fates, added } of changes.touched) {
    const root: object = rows.root
    if (root === audit ? fates.size > 0 : root !== apiKeys || added.length > 0) return undefined
  }
  const used: RowOf<typeof apiKeys>[] = []
  for (const { before, row } of changes.fates(apiKeys)) {
    if (before === undefined || row === null || !movesOnly(before, row)) return undefined
    used.push(row)
  }
  return { records: changes.added(audit), used }
}

function movesOnly(before: RowOf<typeof apiKeys>, row: RowOf<typeof apiKeys>): boolean {
  const [old, now] = [apiKeys.write(before), apiKeys.write(row)]
  return Object.keys(apiKeys.columns).every((name, at) => moving.has(name) || isSame(old[at], now[at]))
}

function isSame(one: unknown, other: unknown): boolean {
  const areBytes = one instanceof Uint8Array && other instanceof Uint8Array
  return areBytes ? Buffer.compare(one, other) === 0 : one === other
}
