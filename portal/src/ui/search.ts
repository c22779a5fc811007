/** What a page shows, in its address: so that it can be shared, and come back to. */

/** The address with other parts; a part that is nothing is left out. */
export function changed(old: URLSearchParams, part: Readonly<Record<string, string | null>>): URLSearchParams {
  const next = new URLSearchParams(old)
  for (const [name, value] of Object.entries(part)) {
    if (value === null || value === '') next.delete(name)
    else next.set(name, value)
  }
  return next
}
