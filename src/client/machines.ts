/** Machines that read without a key, and the switch of the account that lets them. */
import { allPages, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type { Machine, NewMachine, Page, PageQuery, Settings, SettingsChange } from './model.ts'
import type { CallOptions, KeyedOptions } from './options.ts'

export class Machines {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** All machines; page by page as they are taken. */
  list(options?: CallOptions): AsyncGenerator<Machine, void, undefined> {
    return allPages((query) => this.page(query, options))
  }

  /** One page of the listing; without a limit, all of it. */
  async page(query: PageQuery = {}, options?: CallOptions): Promise<Page<Machine>> {
    const { body, headers } = await this.#connection.send('GET /v3/machines', { query }, options)
    return pageOf(body.machines, headers)
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
