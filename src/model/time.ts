/** Times as people and programs write them: read in one place, so that no day is taken here that is refused there. */

const form =
  /^(\d{4})-(\d{2})-(\d{2})(?:T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/

/**
 * Milliseconds since 1970 of a day (its first moment in UTC), or of a time of RFC 3339, which may lack its seconds.
 *
 * @returns `undefined` for anything else, and for a day that is in no calendar: JavaScript takes the 30th of February
 *   for the 2nd of March
 */
export function parseTime(text: string): number | undefined {
  const [, year, month, day] = (form.exec(text) ?? []).map(Number)
  if (year === undefined || month === undefined || day === undefined) return undefined
  const isInCalendar = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month)
  const milliseconds = isInCalendar ? Date.parse(text) : Number.NaN
  // An offset may lead out of the years that have four digits, which no time is written with.
  return milliseconds >= first && milliseconds <= last ? milliseconds : undefined
}

const first = Date.parse('0000-01-01T00:00:00Z')
const last = Date.parse('9999-12-31T23:59:59.999Z')

function daysIn(year: number, month: number): number {
  const date = new Date(0)
  // Not by Date.UTC, which takes the year 24 for 1924.
  date.setUTCFullYear(year, month, 0)
  return date.getUTCDate()
}
