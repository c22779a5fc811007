/** The audit trail. */
import { itemsOf, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type { AuditFilter, AuditRecord, Page, PageQuery } from './model.ts'
import type { CallOptions } from './options.ts'

const pageSize = 1000

export class Audit {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The records that match, newest first; page by page as they are taken. */
  list(filter: AuditFilter = {}, options?: CallOptions): AsyncGenerator<AuditRecord, void, undefined> {
    return itemsOf((cursor) =>
      this.page({ ...filter, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }, options),
    )
  }

  /** One page of the records, 100 unless `limit` says otherwise. It may be short, or empty, before the end. */
  async page(query: AuditFilter & PageQuery = {}, options?: CallOptions): Promise<Page<AuditRecord>> {
    const { body, headers } = await this.#connection.send('GET /v3/audit', { query }, options)
    return pageOf(body.records, headers)
  }
}
