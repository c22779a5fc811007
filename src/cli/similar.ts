/** What somebody may have meant by a word that is none of those there are. */

/** @returns the word that takes the fewest changes, if those are few */
export function similarTo(word: string, words: readonly string[]): string | undefined {
  const wanted = word.toLowerCase().slice(0, 64)
  const most = Math.max(1, Math.floor(wanted.length / 3))
  let best: { readonly word: string; readonly changes: number } | undefined
  for (const one of words) {
    const changes = changesBetween(wanted, one.toLowerCase())
    if (changes <= most && changes < (best?.changes ?? Number.POSITIVE_INFINITY)) best = { word: one, changes }
  }
  return best?.word
}

/** Letters that are put in, left out, replaced, or swapped with the next one (optimal string alignment). */
function changesBetween(from: string, to: string): number {
  let [beforeLast, last]: [number[], number[]] = [[], Array.from({ length: to.length + 1 }, (_, at) => at)]
  for (let row = 1; row <= from.length; row++) {
    const line = [row]
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1]
      let least = Math.min(
        (last[column] ?? 0) + 1,
        (line[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
      )
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (isSwap) least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1)
      line.push(least)
    }
    ;[beforeLast, last] = [last, line]
  }
  return last[to.length] ?? 0
}
