/** The client of the v3 API with the session of whoever is signed in, and what it takes and gives: all that the portal knows of it. */
import { Strongroom, session } from '../../../src/client/index.ts'

export type * from '../../../src/client/index.ts'
export { platforms, StrongroomError, versionTag } from '../../../src/client/index.ts'

export const strongroom = new Strongroom({ url: location.origin, apiKey: session, retries: 2 })
