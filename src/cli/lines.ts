/** The lines that differ between two texts. */

export interface Line {
  readonly sign: '+' | '-'
  readonly text: string
}

/** Above this, what lies between the first and the last difference counts as replaced whole. */
const maxComparisons = 4_000_000

/** Removed and added lines, in the order of the texts: the fewest, up to a size. */
export function linesThatDiffer(older: string, newer: string): readonly Line[] {
  const [a, b] = [older.split('\n'), newer.split('\n')]
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const [from, to] = [a.slice(start, a.length - end), b.slice(start, b.length - end)]
  if (from.length * to.length <= maxComparisons) return fewest(from, to)
  return [...from.map((text) => ({ sign: '-', text }) as const), ...to.map((text) => ({ sign: '+', text }) as const)]
}

/** By the longest common subsequence. */
function fewest(from: readonly string[], to: readonly string[]): readonly Line[] {
  const width = to.length + 1
  const common = new Uint32Array((from.length + 1) * width)
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      const [below = 0, right = 0] = [common[(i + 1) * width + j], common[i * width + j + 1]]
      common[i * width + j] = from[i] === to[j] ? (common[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(below, right)
    }
  }
  const lines: Line[] = []
  for (let i = 0, j = 0; i < from.length || j < to.length; ) {
    const [text, other] = [from[i], to[j]]
    if (text !== undefined && text === other) {
      i++
      j++
    } else if (
      text !== undefined &&
      (other === undefined || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      lines.push({ sign: '-', text })
      i++
    } else {
      lines.push({ sign: '+', text: other ?? '' })
      j++
    }
  }
  return lines
}
