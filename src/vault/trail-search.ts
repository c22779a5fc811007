/** Where in a trail to look for something: everywhere but where its index says that there is nothing. */
import {
  hasBit,
  indexFormat,
  type Place,
  placeOf,
  read,
  type Sought,
  thingsSought,
  trailShape,
} from '../audit/trail-index.ts'
import type { IndexRow } from '../model/audit-index.ts'
import { rowText } from '../store/coverage.ts'
import type { Vault } from './vault.ts'

type Searching = Pick<Vault, 'store' | 'keyring' | 'onIntegrityFailure'>

/** Sequence numbers above one, up to another. */
export interface Stretch {
  readonly after: number
  readonly upTo: number
}

/** Sequence numbers in which segments begin whose rows are read at once. */
const indexedAtOnce = 16 * trailShape.segment
/** To look at a tenth of a part in vain takes less than to ask once more. */
const leapShare = 0.1

/**
 * Parts of a trail that may have what is sought, the newest first; what is between them has nothing of it.
 *
 * @param within sequence numbers of the first and the last record that count
 * @param longest records of one part, at the most
 */
export async function* stretchesWith(
  vault: Searching,
  accountId: number,
  sought: Sought,
  { first, last }: { readonly first: number; readonly last: number },
  longest: number,
): AsyncGenerator<Stretch> {
  const leap = longest * leapShare
  let { after, upTo } = { after: last, upTo: last }
  for await (const one of candidates(vault, accountId, sought, first, last, longest)) {
    if (after - one.upTo > leap) {
      if (upTo > after) yield { after, upTo }
      upTo = one.upTo
    }
    after = one.after
    for (; upTo - after > longest; upTo -= longest) yield { after: upTo - longest, upTo }
  }
  if (upTo > after) yield { after, upTo }
}

/** The same, where they touch too. */
async function* candidates(
  vault: Searching,
  accountId: number,
  sought: Sought,
  first: number,
  last: number,
  longest: number,
): AsyncGenerator<Stretch> {
  const things = thingsSought(sought).map(placeOf)
  // What is still to be found is in the records up to here.
  let open = last
  if (things.length > 0 && last - first >= longest) {
    for await (const { begin, end, mayHave } of segmentsOf(vault, accountId, things, first, last)) {
      if (begin > open) continue
      if (end < open) yield { after: Math.max(end, first - 1), upTo: open }
      for (const { after, upTo } of mayHave) {
        const part = { after: Math.max(after, first - 1), upTo: Math.min(upTo, open) }
        if (part.upTo > part.after) yield part
      }
      open = begin - 1
      if (open < first) return
    }
  }
  if (open >= first) yield { after: first - 1, upTo: open }
}

interface Known {
  /** Sequence numbers, both inclusive. */
  readonly begin: number
  readonly end: number
  /** The newest first. */
  readonly mayHave: Iterable<Stretch>
}

/** Segments of which something is known that can be believed, the newest first. */
async function* segmentsOf(
  vault: Searching,
  accountId: number,
  things: readonly Place[],
  first: number,
  last: number,
): AsyncGenerator<Known> {
  const sought = [...new Set(things.map(({ bucket }) => bucket))]
  // The first record that counts may be in the middle of a segment.
  const least = Math.max(1, first - trailShape.segment + 1)
  let isTold = false
  for (let end = last; end >= least; end -= indexedAtOnce) {
    const part = { first: Math.max(least, end - indexedAtOnce + 1), last: end }
    const rows = await vault.store.trailIndex.rows(accountId, sought, part)
    const genuine = rows.filter((row) => vault.keyring.isRowMac(rowText('audit_index', row), row.mac))
    if (genuine.length < rows.length && !isTold) {
      isTold = true
      vault.onIntegrityFailure('account')
    }
    const known = genuine.filter(({ format }) => format === indexFormat)
    for (const of of Map.groupBy(known, ({ first: begin, last: endOf }) => `${begin} ${endOf}`).values()) {
      const [one] = of
      if (one !== undefined) yield { begin: one.first, end: one.last, mayHave: stretchesIn(of, things) }
    }
  }
}

/** Where all things are, as far as the rows tell. */
function* stretchesIn(rows: readonly IndexRow[], things: readonly Place[]): Generator<Stretch> {
  const said = rows.map((row) => {
    const keys = things.filter(({ bucket }) => bucket === row.bucket).map(({ key }) => key)
    return { keys, ...read(row.said, keys) }
  })
  const [{ first, last } = { first: 1, last: 0 }] = rows
  const stretch = said[0]?.stretch ?? 1
  const mayHave = (at: number) =>
    said.every(({ keys, found }) => keys.every((key) => hasBit(found.get(key) ?? nowhere, at)))
  for (let at = Math.floor((last - first) / stretch); at >= 0; at--) {
    if (!mayHave(at)) continue
    const after = first - 1 + at * stretch
    yield { after, upTo: Math.min(after + stretch, last) }
  }
}

const nowhere = new Uint8Array(32)
