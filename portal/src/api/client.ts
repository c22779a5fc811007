/** The client of the v3 API with the session of whoever is signed in, and what it takes and gives: all that the portal knows of it. */
import { type AnswerOf, type Operation, type Sent, Strongroom, session } from '../../../src/client/index.ts'
import { environment } from './environment.ts'

export type * from '../../../src/client/index.ts'
export { platforms, StrongroomError, versionTag } from '../../../src/client/index.ts'

export const strongroom = new Strongroom({ url: location.origin, apiKey: session, retries: 2, environment })

/** How long signing in may take: hashing a password is meant to. */
const timeoutMs = 20_000

/** Asks once, whatever comes of it: what concerns a person's own sign-in is not tried again behind their back. */
export function once<O extends Operation>(operation: O, sent: Sent<O>): Promise<AnswerOf<O>> {
  return strongroom.call(operation, sent, { retries: 0, timeoutMs })
}
