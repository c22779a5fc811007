/** What becomes of what is deleted now: gone, or kept for some days. */
import { strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { dayOf, timeOf } from '../ui/time.tsx'

/** What was deleted, as the account keeps it. */
export const deletedKey = ['deleted']

const dayMs = 86_400_000

/** What a dialog that deletes says of it. Until it is known to be kept, it is taken to be gone. */
export interface Keeping {
  readonly submit: string
  readonly sentence: string
}

/** For how many days what is deleted now is kept; undefined until it is known. */
export function useRecoveryDays(enabled = true): number | undefined {
  return useAnswer(['recovery days'], (options) => strongroom.deleted.recoveryDays(options), {
    enabled,
    gcTime: 0,
    staleTime: 0,
  }).data
}

/** Asked anew by each dialog: somebody may have changed the setting since. */
export function useKeeping(): Keeping {
  const days = useRecoveryDays() ?? 0
  if (days === 0) return { submit: 'Delete permanently', sentence: 'Can’t be undone.' }
  const until = dayOf(timeOf(Date.now() + days * dayMs))
  return { submit: 'Delete', sentence: `Can be restored until ${until}, under Recently deleted.` }
}
