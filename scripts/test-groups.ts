/** Which files of tests share a process, and what is started first. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Group {
  readonly kind: string
  readonly files: string[]
  size: number
}

/** How many files a process takes: with fewer, more is loaded; with more, the last process ends later. */
const filesOfGroup = 9

const support = pathToFileURL(join(import.meta.dirname, '..', 'test/support/group.ts')).href

/**
 * Writes what `node --test` is to run into a folder: a module for each process, named so that the longest are started first.
 *
 * @returns their paths
 */
export function writeGroups(folder: string, files: readonly string[]): readonly string[] {
  return groupsOf(files).map(({ kind, files: inside }, at) => {
    const path = join(folder, `${String(at).padStart(3, '0')}-${kind}.test.mjs`)
    const names = JSON.stringify(inside.map((file) => resolve(file)))
    writeFileSync(path, `import { runGroup } from '${support}'\n\nrunGroup(${names})\n`)
    return path
  })
}

function groupsOf(files: readonly string[]): readonly Group[] {
  const kinds = Map.groupBy(files, kindOf)
  const alone = (kinds.get('alone') ?? []).map((file) => ({ kind: 'alone', files: [file], size: Infinity }))
  kinds.delete('alone')
  const shared = [...kinds].flatMap(([kind, inside]) => dealt(kind, inside))
  return [...alone, ...shared.sort((a, b) => b.size - a.size)]
}

/** Files of one kind share a process. Those that wait for processes of their own, or watch this one's memory, run alone. */
function kindOf(file: string): string {
  if (/^test\W(?:crash|process|faults)\W/.test(file) || /process\.memoryUsage/.test(readFileSync(file, 'utf8')))
    return 'alone'
  if (/^test\Wportal\W/.test(file)) return 'portal'
  return /^test\Wcli\W/.test(file) ? 'cli' : 'rest'
}

/** The longest first, each to who has least. */
function dealt(kind: string, files: readonly string[]): readonly Group[] {
  const groups = Array.from(
    { length: Math.ceil(files.length / filesOfGroup) },
    (): Group => ({ kind, files: [], size: 0 }),
  )
  const sizes = files.map((file) => ({ file, size: readFileSync(file).length }))
  for (const { file, size } of sizes.sort((a, b) => b.size - a.size)) {
    const [least] = groups.toSorted((a, b) => a.size - b.size)
    least?.files.push(file)
    if (least !== undefined) least.size += size
  }
  return groups
}
