/** How the people of an account must sign in, and the provider that they come through. */
import type { Connection } from './connection.ts'
import type { NewSso, SignInRules, Sso } from './model.ts'
import type { CallOptions } from './options.ts'

export class SignIn {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async get(options?: CallOptions): Promise<SignInRules> {
    return (await this.#connection.send('GET /v3/sign-in', {}, options)).body
  }

  /** With a second factor required, whoever has none is signed out, and sets one up at the next sign-in. */
  async update(input: SignInRules, options?: CallOptions): Promise<SignInRules> {
    return (await this.#connection.send('PUT /v3/sign-in', { body: input }, options)).body
  }

  /** @throws NotFound where there is none */
  async sso(options?: CallOptions): Promise<Sso> {
    return (await this.#connection.send('GET /v3/sso', {}, options)).body
  }

  async setSso(input: NewSso, options?: CallOptions): Promise<Sso> {
    return (await this.#connection.send('PUT /v3/sso', { body: input }, options)).body
  }

  async removeSso(options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/sso', {}, options)
  }
}
