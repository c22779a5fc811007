/** What becomes of what is deleted now, in words: gone for good, or kept for some days. */
import { StrongroomError } from '../client/errors.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { print, printJson } from './output.ts'

const dayMs = 86_400_000

/** The end of a sentence about what is to be deleted. */
export async function fateOf(client: Strongroom): Promise<string> {
  const days = await recoveryDays(client)
  if (days === 0) return 'will be gone for good'
  return `will be deleted, and can be restored until ${endIn(days)} (see "strongroom deleted list")`
}

/** What was deleted, as it is told. */
export interface Gone {
  readonly id: number
  readonly name: string
}

/**
 * Says that something is deleted, and until when that can be undone.
 *
 * @param deletion the id by which it can be restored, if it can
 */
export async function tellDeleted(
  client: Strongroom,
  { id, name }: Gone,
  what: string,
  deletion: number | undefined,
  isJson: boolean | undefined,
): Promise<void> {
  if (deletion === undefined) return isJson ? printJson({ deleted: { id, name } }) : print(`${what} is deleted.`)
  const days = await recoveryDays(client)
  const until = days === 0 ? undefined : endIn(days)
  if (isJson) {
    return printJson({ deleted: { id, name }, deletion, ...(until === undefined ? {} : { restorable_until: until }) })
  }
  const when = until === undefined ? 'To restore it:' : `Until ${until} it can be restored:`
  print(`${what} is deleted. ${when} strongroom deleted restore ${deletion}`)
}

function endIn(days: number): string {
  return new Date(Date.now() + days * dayMs).toISOString().slice(0, 10)
}

/** A key that may not ask is promised nothing. */
async function recoveryDays(client: Strongroom): Promise<number> {
  try {
    return await client.deleted.recoveryDays()
  } catch (error) {
    if (error instanceof StrongroomError && (error.code === 'forbidden' || error.code === 'not_found')) return 0
    throw error
  }
}
