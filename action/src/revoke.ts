/** Ends the key that the job got for its token. Whatever comes of it, the job does not fail for it. */
import { say, warn } from './commands.ts'
import { Fault } from './fault.ts'
import { revokeKey } from './identity.ts'
import type { Left } from './state.ts'

/** @returns whether the key is good no more */
export async function revoke({ url, apiKey }: Left): Promise<boolean> {
  try {
    await revokeKey(url, apiKey)
    say('The API key of this job is revoked.')
    return true
  } catch (reason) {
    const why = reason instanceof Fault ? ` ${reason.message}` : ''
    warn(`The API key of this job could not be revoked, and is good until it expires.${why}`)
    return false
  }
}
