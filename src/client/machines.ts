/** Machines that read without a key, and the switch of the account that lets them. */
import type { Connection } from './connection.ts'
import type { Machine, NewMachine, Settings, SettingsChange } from './model.ts'
import type { CallOptions, KeyedOptions } from './options.ts'

export class Machines {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async *list(options?: CallOptions): AsyncGenerator<Machine, void, undefined> {
    const { body } = await this.#connection.send('GET /v3/machines', {}, options)
    yield* body.machines
  }

  async get(id: number, options?: CallOptions): Promise<Machine> {
    return (await this.#connection.send('GET /v3/machines/{id}', { id }, options)).body
  }

  /** Once, however often it is sent. */
  async create(input: NewMachine, options?: KeyedOptions): Promise<Machine> {
    return (await this.#connection.send('POST /v3/machines', { body: input }, options)).body
  }

  async delete(id: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/machines/{id}', { id }, options)
  }
}

export class AccountSettings {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async get(options?: CallOptions): Promise<Settings> {
    return (await this.#connection.send('GET /v3/settings', {}, options)).body
  }

  /** What is not named stays as it is. */
  async update(input: SettingsChange, options?: CallOptions): Promise<Settings> {
    return (await this.#connection.send('PUT /v3/settings', { body: input }, options)).body
  }
}
