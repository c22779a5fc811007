/** What the overview says of secrets: counts, and the first few of some. */
import { type Metadata, type SecretFilter, type Summary, strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { inState } from '../secrets/filter.ts'
import { secretsKey } from '../secrets/queries.ts'
import { timeOf } from '../ui/time.tsx'
import { shownLines } from './cards.tsx'

const dayMs = 86_400_000
/** Where an age ends, in days, and the next begins; the last one is of a year. */
const ageEnds = [30, 90, 180]

export interface Known {
  readonly summary: Summary
  /** Those that changed last. */
  readonly changed: readonly Metadata[]
  /** Those that expire next, or have expired. */
  readonly expiring: readonly Metadata[]
  /** How many were last changed up to each of the ages ago, and longer. */
  readonly ages: readonly number[]
}

export function useKnown() {
  return useAnswer([...secretsKey, 'overview'], async (options): Promise<Known> => {
    const now = Date.now()
    const some = async (filter: SecretFilter) =>
      (await strongroom.secrets.metadataPage({ ...filter, limit: shownLines }, options)).items
    const older = async (days: number) => {
      const query = { updated_before: timeOf(now - days * dayMs), limit: 1, count: 'true' } as const
      return (await strongroom.secrets.page(query, options)).total ?? 0
    }
    const [summary, changed, expiring, ...olderThan] = await Promise.all([
      strongroom.secrets.summary(options),
      some({ sort: 'updated', order: 'desc' }),
      some({ ...inState.soon(now), sort: 'expires' }),
      ...ageEnds.map(older),
    ])
    const least = [summary.secrets, ...olderThan, summary.unchanged, 0]
    const ages = least.slice(1).map((count, at) => Math.max(0, (least[at] ?? 0) - count))
    return { summary, changed, expiring, ages }
  })
}
