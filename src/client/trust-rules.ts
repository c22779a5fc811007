/** Trust rules: whose tokens are traded for API keys. */
import type { Connection } from './connection.ts'
import type { CallOptions } from './options.ts'
import type { NewTrustRule, TrustRule, TrustRuleChange } from './trust-model.ts'

export class TrustRules {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Those whose keys this key may manage. */
  async *list(options?: CallOptions): AsyncGenerator<TrustRule, void, undefined> {
    const { body } = await this.#connection.send('GET /v3/trust-rules', {}, options)
    yield* body.trust_rules
  }

  async get(id: number, options?: CallOptions): Promise<TrustRule> {
    return (await this.#connection.send('GET /v3/trust-rules/{id}', { id }, options)).body
  }

  /** After a lost connection it is not sent again: look whether the rule is there. */
  async create(input: NewTrustRule, options?: CallOptions): Promise<TrustRule> {
    return (await this.#connection.send('POST /v3/trust-rules', { body: input }, options)).body
  }

  /** Changes what is given. Keys that were made under the rule before keep what they were given, until they end. */
  async update(id: number, input: TrustRuleChange, options?: CallOptions): Promise<TrustRule> {
    return (await this.#connection.send('PATCH /v3/trust-rules/{id}', { id, body: input }, options)).body
  }

  /** Every key that was made under it is revoked. */
  async delete(id: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/trust-rules/{id}', { id }, options)
  }
}
