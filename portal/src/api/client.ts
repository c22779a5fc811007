/** The client of the v3 API, with the session of whoever is signed in. */
import { Strongroom, session } from '../../../src/client/index.ts'

export const strongroom = new Strongroom({ url: location.origin, apiKey: session, retries: 2 })
