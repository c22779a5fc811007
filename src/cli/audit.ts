/** `strongroom audit list` and `tail`: the records of the trail, through the API. */
import { setTimeout } from 'node:timers/promises'
import type { Archived, AuditFilter, AuditRecord } from '../client/model.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { idIn } from './find.ts'
import { numberOf, timeOf } from './input.ts'
import { print, printJson, printTable, shown, styled, tell, unread } from './output.ts'

interface FilterOptions extends RemoteOptions {
  readonly action?: string
  readonly secret?: string
  readonly principal?: string
  readonly outcome?: string
}

interface ListOptions extends FilterOptions {
  readonly from?: string
  readonly to?: string
  readonly limit: string
}

/** What pages one after the other leave out, newest first: together what is for the same reason. */
export class LeftOut {
  readonly #all: Archived[] = []

  add(part: Archived): void {
    if (this.#all.some(({ first, last }) => first <= part.first && part.last <= last)) return
    const before = this.#all.at(-1)
    const isSame = before?.code === part.code && before.detail === part.detail
    if (before === undefined || !isSame || before.first !== part.last + 1) this.#all.push(part)
    else this.#all.splice(-1, 1, { ...part, last: before.last, to: before.to })
  }

  get all(): readonly Archived[] {
    return this.#all
  }

  tell(): void {
    for (const { first, last, from, to, detail } of this.#all) {
      tell(`Left out: archived records ${first} to ${last}, from ${from} to ${to}. ${detail}`)
    }
  }
}

/** Records that are asked for at once. */
const pageSize = 1000

export async function list(options: ListOptions): Promise<void> {
  const most = numberOf('--limit', options.limit, 0, 1e9) || Number.POSITIVE_INFINITY
  const { from, to, json } = options
  const filter = {
    ...filterOf(options),
    ...(from === undefined ? {} : { from: timeOf('--from', from, -1) }),
    ...(to === undefined ? {} : { to: timeOf('--to', to, -1) }),
  }
  const records: AuditRecord[] = []
  const { audit } = await connect(options)
  const left = new LeftOut()
  for (let cursor: string | undefined, isMore = true; isMore && records.length < most; ) {
    const limit = Math.min(pageSize, most - records.length)
    const page = await audit.page({ ...filter, limit, ...(cursor === undefined ? {} : { cursor }) })
    records.push(...page.items)
    if (page.archived !== undefined) left.add(page.archived)
    cursor = page.next
    isMore = cursor !== undefined
  }
  if (json) return printJson({ records, ...(left.all.length === 0 ? {} : { archived: left.all }) })
  left.tell()
  if (records.length === 0) return tell('There is no such record.')
  printTable(['NO.', 'TIME', 'WHO', 'ACTION', 'WHAT', 'OUTCOME', 'FROM'], records.map(rowOf))
}

/** Prints what is recorded from now on. Looking is recorded itself, and is left out unless it is asked for. */
export async function tail(options: FilterOptions & { readonly interval: string }): Promise<void> {
  const pauseMs = numberOf('--interval', options.interval, 1, 3600) * 1000
  const { audit } = await connect(options)
  const filter = filterOf(options)
  let [last] = (await audit.page({ limit: 1 })).items
  for (;;) {
    await setTimeout(pauseMs, undefined, { signal: unread }).catch(() => {})
    if (unread.aborted) return
    const from = last === undefined ? {} : { from: last.time }
    const fresh: AuditRecord[] = []
    for await (const record of audit.list({ ...filter, ...from })) {
      if (record.seq <= (last?.seq ?? 0)) break
      fresh.push(record)
    }
    last = fresh[0] ?? last
    for (const record of fresh.reverse()) {
      if (record.action === 'audit.read' && options.action !== 'audit.read') continue
      if (options.json) printJson(record)
      else print(lineOf(record))
    }
  }
}

function filterOf({ action, secret, principal, outcome, environment }: FilterOptions): AuditFilter {
  return {
    ...(environment === undefined ? {} : { environment }),
    ...(action === undefined ? {} : { action }),
    ...(secret === undefined ? {} : { secret: idIn(secret) ?? secret }),
    ...(principal === undefined ? {} : { principal: idIn(principal) ?? principal }),
    ...(outcome === undefined ? {} : { outcome }),
  }
}

function rowOf(record: AuditRecord) {
  const { seq, time, principal, action, outcome, address } = record
  const style = outcome === 'ok' || outcome === 'replayed' ? 'green' : 'red'
  return [String(seq), time, principal.name, action, whatOf(record), { text: outcome, style } as const, address]
}

function lineOf(record: AuditRecord): string {
  const { time, principal, action, outcome, address } = record
  const style = outcome === 'ok' || outcome === 'replayed' ? 'green' : 'red'
  const what = [principal.name, action, whatOf(record)].map(shown).join(' ')
  return `${styled('dim', time)} ${what} ${styled(style, shown(outcome))} ${shown(address)}`
}

function whatOf({ object }: AuditRecord): string {
  if (object === null) return ''
  const name = object.name ?? (object.id === null ? object.kind : `${object.kind} ${object.id}`)
  return object.version === null ? name : `${name}@${object.version}`
}
