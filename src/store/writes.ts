/** What a batch writes, as steps that any database carries out in their order: what goes first, then what comes. */
import type { Change, Changes } from './changes.ts'
import { type Fate, hadParts } from './rows.ts'
import type { Removal } from './tables/removal.ts'
import type { TableOf } from './tables/table.ts'
import { tables } from './tables/tables.ts'

/** Rows of one table. `put` makes a row, or changes the one with its primary key. */
interface RowStep {
  readonly kind: 'insert' | 'update' | 'put'
  readonly table: TableOf<object>
  readonly rows: readonly object[]
}

/** Takes away what a removal says of each of these. */
interface RemoveStep {
  readonly kind: 'remove'
  readonly removal: Removal<object>
  readonly rows: readonly object[]
}

/** Gives rows names that no row has, for others to take theirs. */
interface FreeStep {
  readonly kind: 'free'
  readonly table: TableOf<object>
  readonly rows: readonly object[]
}

export type Step = RowStep | RemoveStep | FreeStep

/** Takes steps in their order; none is made of nothing. */
class Steps {
  readonly all: Step[] = []

  rows<Model extends object>(kind: RowStep['kind'], table: TableOf<Model>, rows: readonly Model[]): void {
    if (rows.length > 0) this.all.push({ kind, table, rows })
  }

  remove<Model extends object>(what: Removal<Model>, rows: readonly Model[]): void {
    if (rows.length > 0) this.all.push({ kind: 'remove', removal: what, rows })
  }

  free<Model extends object>(table: TableOf<Model>, rows: readonly object[]): void {
    if (rows.length > 0) this.all.push({ kind: 'free', table, rows })
  }
}

/**
 * What is over goes first; then all tables, in an order in which every row comes after those that it refers to.
 *
 * @param keepVersions how many versions of a secret are kept
 */
export function stepsOf(changes: Changes, keepVersions: number): readonly Step[] {
  const steps = new Steps()
  for (const [removal, rows] of changes.drops) steps.remove(removal, [...rows.values()])
  const placed = changes.touched.map((change) => ({ change, place: placeOf(change.rows.root) }))
  placed.sort((a, b) => a.place - b.place)
  for (const { change } of placed) write(steps, change, changes, keepVersions)
  return steps.all
}

const places = new Map<object, number>(tables.map((table, at) => [table, at]))

function placeOf(table: TableOf<object>): number {
  const place = places.get(table)
  if (place === undefined) throw new Error(`${table.name} is not among the tables of tables.ts.`)
  return place
}

function write(steps: Steps, change: Change<object, object>, changes: Changes, keepVersions: number): void {
  const { rows, fates, added, renamed } = change
  const { root, writing } = rows
  // Nothing is called by a name with a blank: then the rows can get their new names in any order.
  steps.free(root, renamed)
  if (fates.size > 0) {
    if (writing.changed === 'put') steps.rows('put', root, rowsOf(fates, always))
    else writeFates(steps, change, keepVersions)
  }
  steps.rows(
    'insert',
    root,
    added.filter((row) => writing.isKept(row, changes, keepVersions)),
  )
}

/** What is gone goes first: what it was found by may be taken again in the same batch. */
function writeFates(steps: Steps, { rows, fates }: Change<object, object>, keepVersions: number): void {
  const { root, writing } = rows
  const isReplaced = writing.changed === 'replaced'
  const gone = keysOf(fates, isReplaced ? didExist : isGone)
  const shredded = keysOf(fates, isReplaced ? hadParts : losesParts)
  for (const part of writing.parts) steps.remove(part.gone, shredded.map(part.ofGone))
  steps.remove(removalOf(root), gone)
  const made = rowsOf(fates, isReplaced ? always : isNew)
  steps.rows('insert', root, made.map(rows.own))
  const withParts = isReplaced ? made : ownersOf(fates)
  for (const { table, of } of writing.parts) steps.rows('insert', table, withParts.flatMap(of))
  if (isReplaced) return
  const changed = rowsOf(fates, didExist)
  if (changed.length === 0) return
  steps.rows('update', root, changed.map(rows.own))
  for (const { outdated } of writing.parts) {
    if (outdated === undefined) continue
    const { removal, of } = outdated
    steps.remove(
      removal,
      changed.map((row) => of(row, keepVersions)),
    )
  }
}

const removals = new Map<object, Removal<object>>()

/** Of a row, by its primary key. */
function removalOf(table: TableOf<object>): Removal<object> {
  const known = removals.get(table)
  if (known !== undefined) return known
  const { name, ofKey } = table
  const made = {
    name: `remove_${name}_by_key`,
    table: name,
    by: ofKey,
    isUpTo: false,
    where: '',
    isSweep: false,
    key: [],
  }
  removals.set(table, made)
  return made
}

type Fates = Change<object, object>['fates']
type Which = (fate: Fate<object, object>) => boolean

const always: Which = () => true
const didExist: Which = ({ existed }) => existed
const isNew: Which = ({ existed }) => !existed
const isGone: Which = ({ existed, row }) => existed && row === null

const losesParts: Which = (fate) => hadParts(fate) && fate.row === null && fate.detached === undefined

/** The rows whose parts are made: what was detached as soon as it was made has them, too. */
function ownersOf(fates: Fates): object[] {
  return [...fates.values()].flatMap((fate) => (hadParts(fate) ? [] : (fate.row ?? fate.detached ?? [])))
}

/** The rows that are there afterwards. */
function rowsOf(fates: Fates, which: Which): object[] {
  const rows: object[] = []
  for (const fate of fates.values()) if (fate.row !== null && which(fate)) rows.push(fate.row)
  return rows
}

function keysOf(fates: Fates, which: Which): object[] {
  const keys: object[] = []
  for (const fate of fates.values()) if (which(fate)) keys.push(fate.key)
  return keys
}
