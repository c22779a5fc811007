/** The lines that differ between two texts. */
import { diffArrays } from 'diff'

export interface Line {
  readonly sign: '+' | '-'
  readonly text: string
}

/** Beyond so many changed lines, the search for the fewest takes too long. */
const maxChanges = 5000

/** Removed and added lines, in the order of the texts: the fewest, up to a size; beyond it, every line counts as changed. */
export function linesThatDiffer(older: string, newer: string): readonly Line[] {
  const [from, to] = [older.split('\n'), newer.split('\n')]
  const parts = diffArrays(from, to, { maxEditLength: maxChanges }) ?? [
    { removed: true, added: false, value: from },
    { removed: false, added: true, value: to },
  ]
  return parts.flatMap(({ added, removed, value }) => {
    if (!added && !removed) return []
    return value.map((text) => ({ sign: added ? '+' : '-', text }) as const)
  })
}
