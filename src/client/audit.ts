/** The audit trail. */

import { allPages, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type {
  Activity,
  ActivityFilter,
  Archived,
  AuditFilter,
  AuditRecord,
  ChainPoint,
  Page,
  PageQuery,
  Tried,
  Verified,
  WhatIf,
} from './model.ts'
import type { CallOptions } from './options.ts'

/** A page, and which records it leaves out, as they are archived and cannot be read. */
export interface AuditPage extends Page<AuditRecord> {
  readonly archived?: Archived
}

export interface AuditListOptions extends CallOptions {
  /** Told of records that are left out, as they are archived and cannot be read: without it nobody is. */
  readonly onLeftOut?: (records: Archived) => void
}

export class Audit {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The records that match, newest first, from the archive too; page by page as they are taken. */
  list(filter: AuditFilter = {}, options: AuditListOptions = {}): AsyncGenerator<AuditRecord, void, undefined> {
    const { onLeftOut, ...call } = options
    return allPages(async (query) => {
      const page = await this.page({ ...filter, ...query }, call)
      if (page.archived !== undefined) onLeftOut?.(page.archived)
      return page
    })
  }

  /** One page of the records, 100 unless `limit` says otherwise. It may be short, or empty, before the end. */
  async page(query: AuditFilter & PageQuery = {}, options?: CallOptions): Promise<AuditPage> {
    const { body, headers } = await this.#connection.send('GET /v3/audit', { query: inTexts(query) }, options)
    return { ...pageOf(body.records, headers), ...(body.archived === undefined ? {} : { archived: body.archived }) }
  }

  /** Counts the records that match, by time and action, and who reads most. */
  async activity(query: ActivityFilter = {}, options?: CallOptions): Promise<Activity> {
    return (await this.#connection.send('GET /v3/audit/activity', { query: inTexts(query) }, options)).body
  }

  /** Tries a change against the last days: what would have been refused, and what it would leave behind. Changes nothing. */
  async whatIf(change: WhatIf, options?: CallOptions): Promise<Tried> {
    return (await this.#connection.send('POST /v3/what-if', { body: change }, options)).body
  }

  /** Verifies a part of the trail; `after` says where to begin. */
  async verifyPart(after?: ChainPoint, options?: CallOptions): Promise<Verified> {
    const body = after === undefined ? {} : { after }
    return (await this.#connection.send('POST /v3/audit/verify', { body }, options)).body
  }

  /**
   * Verifies the trail, part by part, up to its end or to the first record that does not hold.
   *
   * @param after a record that is known, such as one that was noted down long ago
   * @returns what the last part came to: the trail holds when `fault` is null
   */
  async verify(
    { after, onProgress }: { readonly after?: ChainPoint; readonly onProgress?: (part: Verified) => void } = {},
    options?: CallOptions,
  ): Promise<Verified> {
    let archived: number | undefined
    for (let from = after; ; ) {
      const found = await this.verifyPart(from, options)
      archived ??= found.archived
      const part = { ...found, archived }
      onProgress?.(part)
      if (part.fault !== null || part.records >= part.total) return part
      from = { seq: part.records, head: part.head }
    }
  }
}

/** Ids stand where names may. */
function inTexts<Query extends AuditFilter>({ secret, principal, ...others }: Query) {
  return {
    ...others,
    ...(secret === undefined ? {} : { secret: String(secret) }),
    ...(principal === undefined ? {} : { principal: String(principal) }),
  }
}
