/** Secrets and their versions. */
import { allPages, countedPageOf, deletionOf, pageOf, tagged } from './answer.ts'
import { CachedSecrets, type CacheOptions } from './cached.ts'
import type { Connection } from './connection.ts'
import type {
  AccessPage,
  AccessQuery,
  ChangedMetadata,
  CountedPage,
  CountedPageQuery,
  DetailsInput,
  Folder,
  Many,
  ManyChanges,
  Metadata,
  NewSecret,
  NewValue,
  OneToStore,
  Put,
  PutValue,
  Secret,
  SecretFilter,
  SecretHead,
  SecretRefs,
  StoredSecret,
  Summary,
  Tagged,
  UpdatedSecret,
  Version,
  VersionHead,
} from './model.ts'
import type { AnswerOf } from './operations.ts'
import type { CallOptions, KeyedOptions, MatchOptions, PutOptions, ReadOptions } from './options.ts'

export class Secrets {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** All secrets that the API key may list, oldest first, without values; page by page as they are taken. */
  list(filter: SecretFilter = {}, options?: CallOptions): AsyncGenerator<SecretHead, void, undefined> {
    return allPages((query) => this.page({ ...filter, ...query }, options))
  }

  /** One page of the listing; without a limit, all of it. */
  async page(query: SecretFilter & CountedPageQuery = {}, options?: CallOptions): Promise<CountedPage<SecretHead>> {
    const { body, headers } = await this.#connection.send('GET /v3/secrets', { query }, options)
    return countedPageOf(body.secrets, headers)
  }

  /**
   * The folders directly in one, by name, of secrets that the API key may list; page by page as they are taken. What is
   * directly in a folder besides is `list({ folder })`.
   *
   * @param folder such as `web/`; without it, those that are in none
   */
  folders(folder = '', options?: CallOptions): AsyncGenerator<Folder, void, undefined> {
    return allPages(async (query) => {
      const { body, headers } = await this.#connection.send('GET /v3/folders', { query: { folder, ...query } }, options)
      return pageOf(body.folders, headers)
    })
  }

  /** Reads the current value. */
  async get(id: number, options?: ReadOptions): Promise<Secret & Tagged> {
    return tagged(await this.#connection.send('GET /v3/secrets/{id}', { id, query: formOf(options) }, options))
  }

  /** Reads the current value of the secret of this name: one request, and no right but to read it. */
  async getByName(name: string, options?: ReadOptions): Promise<Secret & Tagged> {
    const operation = 'GET /v3/secrets/by-name/{name}'
    return tagged(await this.#connection.send(operation, { name, query: formOf(options) }, options))
  }

  /**
   * Reads the current value unless it is the one that is known, which leaves no record in the audit trail.
   *
   * @param known as it was read before
   * @returns nothing while it is still what is there; a template is always read
   */
  async getIfChanged(
    known: Pick<Secret, 'id'> & Tagged,
    options?: ReadOptions,
  ): Promise<(Secret & Tagged) | undefined> {
    const { id, etag } = known
    const sent = { id, query: formOf(options) }
    const answer = await this.#connection.sendUnless('GET /v3/secrets/{id}', sent, { ...options, known: etag })
    return answer === undefined ? undefined : tagged(answer)
  }

  /** The same by name, which may lead to another secret by now. */
  async getByNameIfChanged(
    known: Pick<Secret, 'id' | 'name'> & Tagged,
    options?: ReadOptions,
  ): Promise<(Secret & Tagged) | undefined> {
    const { id, name, etag } = known
    // The version, and which secret it is of.
    const whole = `"${etag.replaceAll('"', '')}.${id}"`
    const sent = { name, query: formOf(options) }
    const answer = await this.#connection.sendUnless('GET /v3/secrets/by-name/{name}', sent, {
      ...options,
      known: whole,
    })
    return answer === undefined ? undefined : tagged(answer)
  }

  /**
   * Reads up to 1000 secrets by name, as they are at one moment: one request, each with its own record. One that the API
   * key may see and not read is `Forbidden` for all. Values of more than 16 MiB together are `Invalid`.
   */
  async getMany(names: readonly string[], options?: ReadOptions): Promise<Many<string>> {
    return this.#many({ names }, (one) => typeof one === 'string', options)
  }

  /** The same by id. */
  async getManyById(ids: readonly number[], options?: ReadOptions): Promise<Many<number>> {
    return this.#many({ ids }, (one) => typeof one === 'number', options)
  }

  /**
   * Creates the secret of this name, or stores a new version of it; `created` says which. Sent again after a lost connection,
   * it does so once.
   */
  async putByName(name: string, input: PutValue, options?: KeyedOptions & PutOptions): Promise<Put & Tagged> {
    const answer = tagged(await this.#connection.send('PUT /v3/secrets/by-name/{name}', { name, body: input }, options))
    const { id, updated_at, etag } = answer
    return { id, name: answer.name, updated_at, etag, created: 'created_at' in answer }
  }

  /** Creates a secret. Sent again after a lost connection, it is created once. */
  async create(input: NewSecret, options?: KeyedOptions): Promise<SecretHead & Tagged> {
    return tagged(await this.#connection.send('POST /v3/secrets', { body: input }, options))
  }

  /**
   * Creates up to 100 secrets in one transaction: all of them, or none; `errors` of what is thrown names those at fault. Sent
   * again after a lost connection, they are created once.
   */
  async createMany(inputs: readonly NewSecret[], options?: KeyedOptions): Promise<readonly SecretHead[]> {
    const body = { secrets: [...inputs] }
    return (await this.#connection.send('POST /v3/secrets/batch/create', { body }, options)).body.secrets
  }

  /**
   * Stores up to 100 values in one transaction, all of them or none: new secrets, and next versions of those that are there.
   * Sent again after a lost connection, they are stored once.
   */
  async storeMany(inputs: readonly OneToStore[], options?: KeyedOptions): Promise<readonly StoredSecret[]> {
    const body = { secrets: [...inputs] }
    return (await this.#connection.send('POST /v3/secrets/batch/store', { body }, options)).body.secrets
  }

  /** What `storeMany` would do with each. Each value that is compared is a recorded read; none leaves the server. */
  async previewMany(inputs: readonly OneToStore[], options?: CallOptions): Promise<readonly StoredSecret[]> {
    const body = { secrets: [...inputs], dry_run: true }
    return (await this.#connection.send('POST /v3/secrets/batch/store', { body }, options)).body.secrets
  }

  /**
   * Who can read a secret now, who did, and what holds it. It needs `audit:read` over the secret. With a `limit`, `next` is the
   * cursor of the next of those who can; its page has only them.
   */
  async access(id: number, query: AccessQuery = {}, options?: CallOptions): Promise<AccessPage> {
    const { body, headers } = await this.#connection.send('GET /v3/secrets/{id}/access', { id, query }, options)
    const { next } = pageOf(body.can, headers)
    return next === undefined ? body : { ...body, next }
  }

  /** Moves up to 100 into a list, or changes their tags and expiry, each by itself. */
  async changeMany(input: ManyChanges, options?: CallOptions): Promise<AnswerOf<'POST /v3/secrets/batch/change'>> {
    return (await this.#connection.send('POST /v3/secrets/batch/change', { body: input }, options)).body
  }

  /** Deletes up to 100, with all their versions, each by itself. */
  async deleteMany(ids: readonly number[], options?: CallOptions): Promise<AnswerOf<'POST /v3/secrets/batch/delete'>> {
    return (await this.#connection.send('POST /v3/secrets/batch/delete', { body: { ids: [...ids] } }, options)).body
  }

  /** Stores a new version. Sent again after a lost connection, it is stored once. */
  async update(id: number, input: NewValue, options?: KeyedOptions & MatchOptions): Promise<UpdatedSecret & Tagged> {
    return tagged(await this.#connection.send('PUT /v3/secrets/{id}', { id, body: input }, options))
  }

  /**
   * Deletes a secret, with all its versions. Sent again after a lost connection, it may be `NotFound` with
   * `mayHaveActed`.
   *
   * @returns the id by which it can be restored, where the account keeps what is deleted
   */
  async delete(id: number, options?: MatchOptions): Promise<number | undefined> {
    const { headers } = await this.#connection.send('DELETE /v3/secrets/{id}', { id }, options)
    return deletionOf(headers)
  }

  /** What is known of all secrets that the API key may list, oldest first; page by page as they are taken. */
  listMetadata(filter: SecretFilter = {}, options?: CallOptions): AsyncGenerator<Metadata, void, undefined> {
    return allPages((query) => this.metadataPage({ ...filter, ...query }, options))
  }

  /** One page of what is known of them, 1000 unless the limit is another. */
  async metadataPage(
    query: SecretFilter & CountedPageQuery = {},
    options?: CallOptions,
  ): Promise<CountedPage<Metadata>> {
    const { body, headers } = await this.#connection.send('GET /v3/metadata', { query }, options)
    return countedPageOf(body.secrets, headers)
  }

  /** How many secrets there are of each kind, and in each list, of those that the API key may list. */
  async summary(options?: CallOptions): Promise<Summary> {
    return (await this.#connection.send('GET /v3/metadata/summary', {}, options)).body
  }

  /** What is known of the secret beside its value. The `etag` is that of `updateMetadata`; a new value leaves it. */
  async metadata(id: number, options?: CallOptions): Promise<Metadata & Tagged> {
    return tagged(await this.#connection.send('GET /v3/secrets/{id}/metadata', { id }, options))
  }

  /**
   * Changes what is given, and leaves the rest; the value and its version stay. With the `etag` of `metadata` as
   * `ifMatch`, only if nobody else changed any of it since. To a key that may not list the secret no more is told than
   * after every other change, and there is no `etag`.
   */
  async updateMetadata(
    id: number,
    input: DetailsInput,
    options?: MatchOptions,
  ): Promise<ChangedMetadata & Partial<Tagged>> {
    const received = await this.#connection.send('PATCH /v3/secrets/{id}/metadata', { id, body: input }, options)
    return received.body.version === undefined ? received.body : tagged(received)
  }

  /** Calls it otherwise: its value is stored again under the new name, as the next version. */
  async rename(id: number, name: string, options?: KeyedOptions & MatchOptions): Promise<UpdatedSecret & Tagged> {
    return tagged(await this.#connection.send('PUT /v3/secrets/{id}/name', { id, body: { name } }, options))
  }

  /** The versions that are kept, newest first, without values. */
  async versions(id: number, options?: CallOptions): Promise<readonly VersionHead[]> {
    const { body } = await this.#connection.send('GET /v3/secrets/{id}/versions', { id }, options)
    return body.versions
  }

  /** Reads the value as it was. */
  async version(id: number, version: number, options?: ReadOptions): Promise<Version> {
    const operation = 'GET /v3/secrets/{id}/versions/{version}'
    return (await this.#connection.send(operation, { id, version, query: formOf(options) }, options)).body
  }

  /** Destroys the value of a version for good; of the current one, the secret has none until another is stored. */
  async destroyVersion(id: number, version: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/secrets/{id}/versions/{version}', { id, version }, options)
  }

  /** Stores an old value as a new version. */
  async restore(id: number, version: number, options?: KeyedOptions & MatchOptions): Promise<UpdatedSecret & Tagged> {
    const operation = 'POST /v3/secrets/{id}/versions/{version}/restore'
    return tagged(await this.#connection.send(operation, { id, version }, options))
  }

  /** A reader for values that are needed often. It keeps them in memory: see `CachedSecrets`. */
  cached(options: CacheOptions): CachedSecrets {
    return new CachedSecrets(this, options)
  }

  async #many<Ref extends string | number>(
    refs: SecretRefs,
    isRef: (one: string | number) => one is Ref,
    options: ReadOptions | undefined,
  ): Promise<Many<Ref>> {
    const body = { ...refs, ...(options?.resolve === false ? { resolve: false } : {}) }
    const { body: many } = await this.#connection.send('POST /v3/secrets/batch', { body }, options)
    return { ...many, missing: many.missing.filter(isRef) }
  }
}

function formOf(options: ReadOptions | undefined): { readonly resolve?: 'false' } {
  return options?.resolve === false ? { resolve: 'false' } : {}
}
