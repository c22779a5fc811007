/** How a job gets an API key when it has none: it shows the token that its platform signed. */
import { Connection } from './connection.ts'
import { type CallOptions, nobody, type StrongroomOptions, settingsOf } from './options.ts'
import type { JobKey, TokenToTrade } from './trust-model.ts'

/** Calls that are made without an API key. */
export const auth = {
  /**
   * Trades a signed token for an API key that lives minutes. After a lost connection it is not sent again: the token may
   * be used up, so ask the platform for another.
   *
   * @throws Unauthorized, alike for whatever is wrong with the token
   */
  async oidc(server: Omit<StrongroomOptions, 'apiKey'>, input: TokenToTrade, options?: CallOptions): Promise<JobKey> {
    const connection = new Connection(settingsOf({ ...server, apiKey: nobody }))
    return (await connection.send('POST /v3/auth/oidc', { body: input }, options)).body
  },
}
