/** What is left to chance in a test, by a seed that is printed; and how much of it a run takes. */
import type { TestContext } from 'node:test'

/** With `SLOW=1`, and in `npm run test:long`. */
export const isThorough = process.env['SLOW'] === '1' || process.env['STRONGROOM_TEST_LONG'] === '1'

/** How often something is tried that costs much each time: a few times in every run, many in a thorough one. */
export function rounds(few: number, many: number): number {
  return isThorough ? many : few
}

/** Of all that a run leaves to chance. CI takes the same each time, so that it judges the change alone; `SEED=1` repeats. */
export const fixedSeed = process.env['SEED'] ?? (process.env['CI'] === 'true' ? '20261126' : undefined)

/** Numbers from 0 to 1 (Mulberry32), the same for the same seed, which the test prints. */
export function chance(t: Pick<TestContext, 'diagnostic'>): () => number {
  const seed = Number(fixedSeed ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`SEED=${seed}`)
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
