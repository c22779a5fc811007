/** What was deleted and can be restored for a while. */
import { allPages, pageOf, recoveryDaysOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type { Deleted, Page, PageQuery, Restored, Restoring, Rollback, RollingBack } from './model.ts'
import type { CallOptions } from './options.ts'

export class DeletedThings {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** All that can be restored, the newest first; page by page as they are taken. */
  list(options?: CallOptions): AsyncGenerator<Deleted, void, undefined> {
    return allPages((query) => this.page(query, options))
  }

  /** One page of the listing; without a limit, all of it. */
  async page(query: PageQuery = {}, options?: CallOptions): Promise<Page<Deleted>> {
    const { body, headers } = await this.#connection.send('GET /v3/deleted', { query }, options)
    return pageOf(body.deleted, headers)
  }

  /** For how many days what is deleted now can be restored; 0: deletion is permanent. */
  async recoveryDays(options?: CallOptions): Promise<number> {
    const { headers } = await this.#connection.send('GET /v3/deleted', { query: { limit: 1 } }, options)
    return recoveryDaysOf(headers)
  }

  /** Puts something back, with its id and its history; a list with all that was in it. */
  async restore(id: number, input: Restoring = {}, options?: CallOptions): Promise<Restored> {
    return (await this.#connection.send('POST /v3/deleted/{id}/restore', { id, body: input }, options)).body
  }

  /** Makes an environment again what it was at a time; with `dry_run`, says what that would do. */
  async rollBack(input: RollingBack, options?: CallOptions): Promise<Rollback> {
    return (await this.#connection.send('POST /v3/rollback', { body: input }, options)).body
  }

  /** Destroys it now. */
  async purge(id: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/deleted/{id}', { id }, options)
  }
}
