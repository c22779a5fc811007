/** Patterns over secret names: literal text in which `*` stands for any run of characters, also none, and `/` too. */

/** The characters of a name and `*`. */
const valid = /^[A-Za-z0-9_./*-]{1,255}$/

export function isPattern(text: string): boolean {
  return valid.test(text)
}

/** What is matched: a string, read one character at a time. */
export interface Characters {
  readonly length: number
  charCodeAt(at: number): number
}

/** Literal text between two `*`. */
interface Literal {
  readonly text: string
  /** For each end of a part of it that begins it: the length of the longest shorter part that begins and ends that one. */
  readonly borders: readonly number[]
}

interface Compiled {
  readonly head: string
  readonly middle: readonly Literal[]
  /** `undefined` for a pattern without `*`, which is all head. */
  readonly tail: string | undefined
}

/**
 * Whether `pattern` matches the whole of `text`. Compares at most three times as often as `text` has characters, however
 * many `*` there are: each literal is taken where it occurs first, and found as Knuth, Morris and Pratt do.
 */
export function matches(pattern: string, text: Characters): boolean {
  const { head, middle, tail } = compiled(pattern)
  if (tail === undefined) return text.length === head.length && isAt(head, text, 0)
  const end = text.length - tail.length
  if (end < head.length || !isAt(head, text, 0) || !isAt(tail, text, end)) return false
  let from = head.length
  for (const literal of middle) {
    const found = endOf(literal, text, from, end)
    if (found === undefined) return false
    from = found
  }
  return true
}

/**
 * Whether every name that `narrow` matches is matched by `wide` too. The `*` of `narrow` can only be taken up by a `*`
 * of `wide`, for which `matches` is exactly the test: a literal never equals it. It is never said of one that does not;
 * of one that does it is not said where `wide` holds every character that a name can have.
 */
export function covers(wide: string, narrow: string): boolean {
  return matches(wide, narrow)
}

/** Patterns never change, so that what was made of them is kept, for as many as are in use at once. */
const known = new Map<string, Compiled>()
const maxKnown = 1000

function compiled(pattern: string): Compiled {
  const found = known.get(pattern)
  if (found !== undefined) return found
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop()
  const made = { head, middle: rest.filter((text) => text !== '').map(literalOf), tail }
  const [oldest] = known.keys()
  if (known.size >= maxKnown && oldest !== undefined) known.delete(oldest)
  known.set(pattern, made)
  return made
}

function literalOf(text: string): Literal {
  const borders = [0]
  for (let at = 1, length = 0; at < text.length; at++) {
    while (length > 0 && text.charCodeAt(at) !== text.charCodeAt(length)) length = borders[length - 1] ?? 0
    if (text.charCodeAt(at) === text.charCodeAt(length)) length++
    borders.push(length)
  }
  return { text, borders }
}

function isAt(literal: string, text: Characters, from: number): boolean {
  for (let at = 0; at < literal.length; at++) {
    if (literal.charCodeAt(at) !== text.charCodeAt(from + at)) return false
  }
  return true
}

/** Where the first occurrence that lies between `from` and `to` ends; `undefined` when there is none. */
function endOf({ text: literal, borders }: Literal, text: Characters, from: number, to: number): number | undefined {
  for (let at = from, length = 0; at < to; at++) {
    while (length > 0 && literal.charCodeAt(length) !== text.charCodeAt(at)) length = borders[length - 1] ?? 0
    if (literal.charCodeAt(length) === text.charCodeAt(at)) length++
    if (length === literal.length) return at + 1
  }
  return undefined
}
