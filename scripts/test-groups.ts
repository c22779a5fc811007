/** Which files of tests share a process, and what is started first. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Cost, costsIn } from '../test/support/cost.ts'

export interface Group {
  readonly kind: string
  readonly files: readonly string[]
  readonly cost: number
}

/** What each file cost when it last ran, in seconds of CPU. */
export type Costs = Readonly<Record<string, number>>

/** A process takes a third of what is left of its kind, within these parts of all: with less, more is loaded; with more, the last one ends later. */
const partOfRest = 1 / 3
const [leastPart, mostPart] = [1 / 100, 1 / 15]

const root = join(import.meta.dirname, '..')
const support = pathToFileURL(join(root, 'test/support/group.ts')).href
const kept = join(root, 'node_modules/.cache/test-costs.json')

/**
 * Writes what `node --test` is to run into a folder: a module for each process, named in the order in which they are to start.
 *
 * @returns their paths
 */
export function writeGroups(folder: string, files: readonly string[]): readonly string[] {
  return groupsOf(files, keptCosts()).map(({ kind, files: inside }, at) => {
    const path = join(folder, `${String(at).padStart(3, '0')}-${kind}.test.mjs`)
    const names = JSON.stringify(inside.map((file) => resolve(file)))
    writeFileSync(path, `import { runGroup } from '${support}'\n\nrunGroup(${names})\n`)
    return path
  })
}

/** The costs of earlier runs on this machine. */
function keptCosts(): Costs {
  return existsSync(kept) ? JSON.parse(readFileSync(kept, 'utf8')) : {}
}

/** @param path what a run noted, of which the next ones make their groups */
export function keepCosts(path: string): void {
  const found = costsIn(path).map(({ file, cpu }: Cost) => [relative(root, file), Math.round(cpu * 10) / 10] as const)
  const costs = { ...keptCosts(), ...Object.fromEntries(found.filter(([file]) => file.startsWith('test'))) }
  mkdirSync(dirname(kept), { recursive: true })
  // Another run may be reading it.
  writeFileSync(`${kept}.${process.pid}`, JSON.stringify(costs))
  renameSync(`${kept}.${process.pid}`, kept)
}

/**
 * The dearest begin, and what ends the run is small, so that all processors have something to do until then. Processes that
 * are for one file wait much, and are spread among the others.
 *
 * @returns the groups in the order in which they are to start
 */
export function groupsOf(files: readonly string[], costs: Costs): readonly Group[] {
  const costOf = estimate(files, costs)
  const kinds = Map.groupBy(files, kindOf)
  const alone = (kinds.get('alone') ?? []).map((file) => ({ kind: 'alone', files: [file], cost: costOf(file) }))
  kinds.delete('alone')
  const whole = sum(files, costOf)
  const shared = [...kinds].flatMap(([kind, inside]) => dealt(kind, inside, costOf, whole))
  return spread(alone, shared)
}

/** A file that has not run yet may cost as much as its size lets expect. */
function estimate(files: readonly string[], costs: Costs): (file: string) => number {
  const sizes = new Map(files.map((file) => [file, readFileSync(file).length]))
  const known = files.filter((file) => costs[file] !== undefined)
  const perByte =
    sum(known, (file) => costs[file] ?? 0) /
    Math.max(
      1,
      sum(known, (file) => sizes.get(file) ?? 0),
    )
  return (file) => costs[file] ?? (sizes.get(file) ?? 0) * (perByte || 1e-4)
}

/** Files of one kind share a process. Those that wait for processes of their own, or watch this one's memory, run alone. */
function kindOf(file: string): string {
  if (/^test\W(?:crash|process|faults)\W/.test(file) || /process\.memoryUsage/.test(readFileSync(file, 'utf8')))
    return 'alone'
  if (/^test\Wportal\W/.test(file)) return 'portal'
  return /^test\Wcli\W/.test(file) ? 'cli' : 'rest'
}

/** The dearest files first, into processes that take less and less. */
function dealt(
  kind: string,
  files: readonly string[],
  costOf: (file: string) => number,
  whole: number,
): readonly Group[] {
  const groups: Group[] = []
  const sorted = files.toSorted((a, b) => costOf(b) - costOf(a))
  for (let at = 0, rest = sum(sorted, costOf); at < sorted.length; ) {
    const most = Math.min(Math.max(rest * partOfRest, whole * leastPart), whole * mostPart)
    const inside: string[] = []
    let cost = 0
    do {
      const file = sorted[at++] ?? ''
      inside.push(file)
      cost += costOf(file)
    } while (at < sorted.length && cost + costOf(sorted[at] ?? '') <= most)
    groups.push({ kind, files: inside, cost })
    rest -= cost
  }
  return groups
}

/** Both by their costs, and each at the same pace. */
function spread(some: readonly Group[], others: readonly Group[]): readonly Group[] {
  return [some, others]
    .flatMap((groups) =>
      groups.toSorted((a, b) => b.cost - a.cost).map((group, at) => ({ group, place: (at + 0.5) / groups.length })),
    )
    .sort((a, b) => a.place - b.place)
    .map(({ group }) => group)
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
