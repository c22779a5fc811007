/** What becomes of what is deleted now, in words: gone for good, or kept for some days. */
import { StrongroomError } from '../client/errors.ts'
import type { Strongroom } from '../client/strongroom.ts'

const dayMs = 86_400_000

/** The end of a sentence about what is to be deleted. */
export async function fateOf(client: Strongroom): Promise<string> {
  const days = await recoveryDays(client)
  if (days === 0) return 'will be gone for good'
  const until = new Date(Date.now() + days * dayMs).toISOString().slice(0, 10)
  return `will be deleted, and can be restored until ${until} (see "strongroom deleted list")`
}

/** A key that may not ask is promised nothing. */
async function recoveryDays(client: Strongroom): Promise<number> {
  try {
    return await client.deleted.recoveryDays()
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'forbidden') return 0
    throw error
  }
}
