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

/** What other programs call what has another name here. The first that there is, is meant. */
const otherWords: Readonly<Record<string, readonly string[]>> = {
  add: ['create', 'set', 'secrets set'],
  cat: ['get', 'secrets get'],
  create: ['set', 'secrets set'],
  delete: ['revoke', 'secrets delete'],
  edit: ['update', 'secrets edit'],
  environment: ['env'],
  environments: ['env'],
  exec: ['run'],
  get: ['show', 'secrets get'],
  list: ['secrets list'],
  ls: ['list', 'secrets list'],
  make: ['create', 'generate'],
  mv: ['rename', 'move'],
  new: ['create', 'set', 'secrets set'],
  put: ['set', 'secrets set'],
  read: ['get', 'show', 'secrets get'],
  remove: ['delete', 'revoke', 'secrets delete'],
  rm: ['delete', 'revoke', 'secrets delete'],
  set: ['update', 'secrets set'],
  show: ['get', 'list', 'secrets get'],
  signin: ['login'],
  signout: ['logout'],
  update: ['set', 'edit'],
  versions: ['history'],
  view: ['get', 'show', 'secrets get'],
  whoami: ['status'],
}

/** @returns what is called otherwise among these commands, or below one of them */
export function meantBy(word: string, names: readonly string[]): string | undefined {
  return Object.hasOwn(otherWords, word)
    ? otherWords[word]?.find((one) => names.includes(one.split(' ')[0] ?? ''))
    : undefined
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
