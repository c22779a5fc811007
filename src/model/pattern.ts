/** Patterns over secret names: literal text in which `*` stands for any run of characters, also none. */

/** The characters of a name and `*`. */
const valid = /^[A-Za-z0-9_.*-]{1,255}$/

export function isPattern(text: string): boolean {
  return valid.test(text)
}

/**
 * Whether `pattern` matches the whole of `text`. Greedy with one step back, so the time is at most the product of the
 * two lengths (no regular expression, nothing to blow up).
 */
export function matches(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let resume = 0
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++
      resume = t
    } else if (pattern[p] === text[t]) {
      p++
      t++
    } else if (star >= 0) {
      p = star + 1
      t = ++resume
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/**
 * Whether every name that `narrow` matches is matched by `wide` too. The `*` of `narrow` can only be taken up by a `*`
 * of `wide`, for which `matches` is exactly the test: a literal never equals it.
 */
export function covers(wide: string, narrow: string): boolean {
  return matches(wide, narrow)
}
