/** Keys for jobs without a stored one: rules about whose tokens are trusted, and trading a token for a key. */
import { allPages, pageOf } from './answer.ts'
import { Connection } from './connection.ts'
import type { JobKey, JobToken, NewTrustRule, Page, PageQuery, TrustRule, TrustRuleChange } from './model.ts'
import { type CallOptions, type KeyedOptions, keylessSettingsOf, type StrongroomOptions } from './options.ts'

export class TrustRules {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The trust rules whose keys this API key may manage; page by page as they are taken. */
  list(options?: CallOptions): AsyncGenerator<TrustRule, void, undefined> {
    return allPages((query) => this.page(query, options))
  }

  /** One page of the listing; without a limit, all of it. */
  async page(query: PageQuery = {}, options?: CallOptions): Promise<Page<TrustRule>> {
    const { body, headers } = await this.#connection.send('GET /v3/trust-rules', { query }, options)
    return pageOf(body.trust_rules, headers)
  }

  async get(id: number, options?: CallOptions): Promise<TrustRule> {
    return (await this.#connection.send('GET /v3/trust-rules/{id}', { id }, options)).body
  }

  /** Once, however often it is sent. */
  async create(input: NewTrustRule, options?: KeyedOptions): Promise<TrustRule> {
    return (await this.#connection.send('POST /v3/trust-rules', { body: input }, options)).body
  }

  async update(id: number, change: TrustRuleChange, options?: CallOptions): Promise<TrustRule> {
    return (await this.#connection.send('PATCH /v3/trust-rules/{id}', { id, body: change }, options)).body
  }

  /** With every key that was made under it. */
  async delete(id: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/trust-rules/{id}', { id }, options)
  }
}

/**
 * Trades a token that the job's own platform signed for an API key that lives minutes. Needs no key.
 *
 * @throws Unauthorized for a token that no trust rule of the account is for
 */
export async function tradeToken(
  server: Omit<StrongroomOptions, 'apiKey'>,
  input: JobToken,
  options?: CallOptions,
): Promise<JobKey> {
  const connection = new Connection(keylessSettingsOf(server))
  return (await connection.send('POST /v3/auth/oidc', { body: input }, options)).body
}
