/** Environments: name spaces of an account; what they have in common, and what goes from one into another. */
import { allPages, deletionOf, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type {
  ComparedName,
  CopiedSecret,
  CopyRequest,
  Environment,
  EnvironmentChange,
  NewEnvironment,
  Page,
  PageQuery,
} from './model.ts'
import type { CallOptions, KeyedOptions } from './options.ts'

/** Which names are compared: one, or those that a pattern with `*` matches. */
export interface ComparisonFilter {
  readonly name?: string
}

export class Environments {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Those in which the API key has a right over secrets, oldest first. */
  async list(options?: CallOptions): Promise<readonly Environment[]> {
    return (await this.#connection.send('GET /v3/environments', {}, options)).body.environments
  }

  async get(id: number, options?: CallOptions): Promise<Environment> {
    return (await this.#connection.send('GET /v3/environments/{id}', { id }, options)).body
  }

  /** Once, however often it is sent. */
  async create(input: NewEnvironment, options?: KeyedOptions): Promise<Environment> {
    return (await this.#connection.send('POST /v3/environments', { body: input }, options)).body
  }

  async update(id: number, input: EnvironmentChange, options?: CallOptions): Promise<Environment> {
    return (await this.#connection.send('PATCH /v3/environments/{id}', { id, body: input }, options)).body
  }

  /**
   * Only of one in which nothing is.
   *
   * @returns the id by which it can be restored, where the account keeps what is deleted
   */
  async delete(id: number, options?: CallOptions): Promise<number | undefined> {
    const { headers } = await this.#connection.send('DELETE /v3/environments/{id}', { id }, options)
    return deletionOf(headers)
  }

  /**
   * Compares environments name by name, without a value; page by page as they are taken.
   *
   * @param environments by their names; without them, all that the API key may know of
   */
  compare(
    environments?: readonly string[],
    filter: ComparisonFilter = {},
    options?: CallOptions,
  ): AsyncGenerator<ComparedName, void, undefined> {
    return allPages((query) => this.comparedPage(environments, { ...filter, ...query }, options))
  }

  /** One page of the comparison; without a limit, all of it. */
  async comparedPage(
    environments?: readonly string[],
    filter: ComparisonFilter & PageQuery = {},
    options?: CallOptions,
  ): Promise<Page<ComparedName>> {
    const query = environments === undefined ? filter : { ...filter, environments: environments.join(',') }
    const { body, headers } = await this.#connection.send('GET /v3/compare', { query }, options)
    return pageOf(body.secrets, headers)
  }

  /**
   * Copies secrets from one environment into another, all of them or none; with `dry_run` it is only said what would be. Sent
   * again after a lost connection, they are copied once.
   */
  async copy(input: CopyRequest, options?: KeyedOptions): Promise<readonly CopiedSecret[]> {
    return (await this.#connection.send('POST /v3/copy', { body: input }, options)).body.secrets
  }
}
