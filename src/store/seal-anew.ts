/**
 * Seals anew the rows that the first version left: each is verified as that version sealed it, and gets the MAC of today.
 * In steps, each a transaction of its own, so that it goes on where it was broken off.
 *
 * What is done stands in `meta`, bound to the heads of all trails: whoever sets it back finds rows there that are sealed as
 * of today, which are not authentic as of then. So nothing that was sealed by the first version is believed twice.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { listUid } from '../model/list.ts'
import { rowFormat, type SealedRows, type SealedTable } from './coverage.ts'
import { pageQuery } from './dump/dump.ts'
import { type FirstTable, firstText } from './first-format.ts'
import type { RowMacs } from './row-macs.ts'
import { all } from './sql.ts'
import { apiKeys } from './tables/api-key.ts'
import { toDeployments } from './tables/deployment.ts'
import type { NamedRow, Value } from './tables/field.ts'
import { lists } from './tables/list.ts'
import type { Table } from './tables/table.ts'
import { sealedTables, tables } from './tables/tables.ts'
import { users } from './tables/user.ts'

/** A transaction: runs one statement with `?` for each parameter, and gives its rows. */
export type Run = (sql: string, ...parameters: readonly Value[]) => Promise<readonly NamedRow[]> | readonly NamedRow[]

const sealedAtOnce = 2000

const markName = 'row_format'
const done = Buffer.from(String(rowFormat))

/** Where the next step begins: in a table, after the row of this primary key. */
interface Position {
  readonly at: number
  readonly after: readonly Value[] | null
}

/**
 * Does the next part, within an open transaction that no other process enters meanwhile.
 *
 * @returns whether nothing is left
 * @throws Refusal `integrity_failure` for a row that is not as the first version sealed it
 */
export async function sealStep(run: Run, macs: RowMacs, storeId: string, limit = sealedAtOnce): Promise<boolean> {
  const [mark] = await run('select value from meta where name = ?', markName)
  const value = mark?.['value']
  if (value instanceof Uint8Array && done.equals(value)) return true
  const heads = await headsOf(run)
  const begin = value instanceof Uint8Array ? readMark(value, heads, macs) : { at: 0, after: null }
  const isNew = value === undefined && (await run('select 1 as one from accounts limit 1')).length === 0
  if (begin.after === null || begin.at < order.length - 1) await refuseUnlessFirst(run, macs)
  const next = isNew ? undefined : await sealPage(run, macs, storeId, begin, limit)
  await run('delete from meta where name = ?', markName)
  const text = next === undefined ? done : Buffer.from(JSON.stringify([next.at, next.after, macOf(next, heads, macs)]))
  await run('insert into meta (name, value) values (?, ?)', markName, text)
  return next === undefined
}

/**
 * A store of the first version has for every account its first API key, which is never deleted, as that version sealed it;
 * API keys are sealed anew last, so until then. Or somebody took the mark away, or put one of then and the trails' heads
 * back, and took the sealed rows away, to have rows that had no MAC then sealed as they like, and put the others back.
 *
 * @throws Refusal `integrity_failure`
 */
async function refuseUnlessFirst(run: Run, macs: RowMacs): Promise<void> {
  const keys = (await run(`select ${all(apiKeys).sql} from api_keys where id = 1`)).map(apiKeys.read)
  const known = new Map(keys.map((key) => [key.accountId, key]))
  for (const { id } of await run('select id from accounts order by id')) {
    const key = known.get(Number(id))
    if (key === undefined || !isOfFirst(macs, 'api_keys', key))
      throw notAuthentic('api_keys', { account_id: id ?? 0, id: 1 })
  }
}

function isOfFirst<Name extends FirstTable>(macs: RowMacs, name: Name, model: SealedRows[Name]): boolean {
  const expected = macs.mac(firstText[name](model))
  return model.mac.length === expected.length && timingSafeEqual(model.mac, expected)
}

/** @returns where the next page begins, or nothing after the last */
async function sealPage(
  run: Run,
  macs: RowMacs,
  storeId: string,
  { at, after }: Position,
  limit: number,
): Promise<Position | undefined> {
  const [name, seal] = order[at] ?? []
  const table = tables.find((one) => one.name === name)
  if (table === undefined || seal === undefined) return undefined
  const page = await run(pageQuery(table, after === null), ...(after ?? []), limit)
  for (const row of page) if (!isAsMigrated(table, row)) throw notAuthentic(name ?? '', row)
  await Promise.all(page.map((row) => seal({ run, macs, storeId }, table, row)))
  const last = page.at(-1)
  if (page.length === limit && last !== undefined) return { at, after: keyOf(table, last) }
  return at + 1 < order.length ? { at: at + 1, after: null } : undefined
}

/** Whether what the first version did not have, and so did not seal, is as the migrations have left it. */
function isAsMigrated({ added }: Table, row: NamedRow): boolean {
  return Object.entries(added).every(([column, { value }]) => {
    const found = row[column] ?? null
    const [is, was] = [found, value].map((one) => (one instanceof Uint8Array ? Buffer.from(one).toString('hex') : one))
    return is === was || (typeof was === 'number' && Number(is) === was)
  })
}

function keyOf({ columns, keyLength }: Table, row: NamedRow): readonly Value[] {
  return Object.keys(columns)
    .slice(0, keyLength)
    .map((column) => row[column] ?? null)
}

interface Work {
  readonly run: Run
  readonly macs: RowMacs
  readonly storeId: string
}

type Seal = (work: Work, table: Table, row: NamedRow) => Promise<void>

function readerOf<Name extends SealedTable>(name: Name): (row: NamedRow) => SealedRows[Name] {
  const table: { read(row: NamedRow): unknown } = sealedTables[name]
  return (row) => table.read(row) as SealedRows[Name]
}

/** For rows that the first version sealed. */
function first<Name extends FirstTable>(name: Name): readonly [Name, Seal] {
  const toModel = readerOf(name)
  return [
    name,
    async (work, table, row) => {
      const model = toModel(row)
      if (!isOfFirst(work.macs, name, model)) throw notAuthentic(name, row)
      await put(work, table, row, 'mac = ?', [work.macs.seal(name, model).mac])
    },
  ]
}

/** For rows that had no MAC. */
function bare<Name extends SealedTable>(
  name: Name,
  toModel: (row: NamedRow, work: Work) => SealedRows[Name] | Promise<SealedRows[Name]> = readerOf(name),
  also: (work: Work, model: SealedRows[Name]) => Promise<void> = async () => {},
): readonly [Name, Seal] {
  return [
    name,
    async (work, table, row) => {
      const model = await toModel(row, work)
      if (model.mac.length > 0) throw notAuthentic(name, row)
      await put(work, table, row, 'mac = ?', [work.macs.seal(name, model).mac])
      await also(work, model)
    },
  ]
}

async function put({ run }: Work, table: Table, row: NamedRow, set: string, values: readonly Value[]): Promise<void> {
  const key = Object.keys(table.columns).slice(0, table.keyLength)
  const where = key.map((column) => `${column} = ?`).join(' and ')
  await run(`update ${table.name} set ${set} where ${where}`, ...values, ...keyOf(table, row))
}

/** Factors before their users, who know of them from now on; API keys last: they show that a store is of the first version. */
const order: readonly (readonly [SealedTable, Seal])[] = [
  first('machines'),
  first('account_settings'),
  first('sign_in_rules'),
  first('factors'),
  ['users', sealUser],
  first('secrets'),
  bare('versions'),
  bare('lists', (row, { storeId }) => {
    const list = lists.read(row)
    if (list.uid !== listUid(storeId, list.accountId, list.id)) throw notAuthentic('lists', row)
    return list
  }),
  bare('deployments', deploymentOf),
  first('seeds'),
  first('trust_rules'),
  bare('replies'),
  bare('accounts', readerOf('accounts'), putUsual),
  first('api_keys'),
]

async function sealUser(work: Work, table: Table, row: NamedRow): Promise<void> {
  const { account_id: accountId = 0, id = 0 } = row
  const sql = 'select id from factors where account_id = ? and user_id = ? order by id'
  const factorIds = (await work.run(sql, accountId, id)).map((factor) => Number(factor['id']))
  const user = users.read(row)
  if (!isOfFirst(work.macs, 'users', user)) throw notAuthentic('users', row)
  const { mac } = work.macs.seal('users', { ...user, factorIds })
  await put(work, table, row, 'factor_ids = ?, mac = ?', [factorIds.join(' '), mac])
}

async function deploymentOf(row: NamedRow, { run }: Work): Promise<SealedRows['deployments']> {
  const { account_id: accountId = 0, id = 0 } = row
  const sql = `select secret_id, secret_uid, name, version from deployment_secrets
    where account_id = ? and deployment_id = ? order by secret_id`
  const held = await run(sql, accountId, id)
  const nothing = { secret_id: null, secret_uid: null, name: null, version: null }
  const joined = (held.length === 0 ? [nothing] : held).map((one) => ({ ...row, ...one }))
  const [deployment] = toDeployments(joined)
  if (deployment === undefined) throw notAuthentic('deployments', row)
  return deployment
}

/** What every account has from now on from its beginning. */
async function putUsual({ run, macs }: Work, { id: accountId }: SealedRows['accounts']): Promise<void> {
  if ((await run('select 1 as one from account_settings where account_id = ?', accountId)).length === 0) {
    const { mac } = macs.seal('account_settings', { accountId, vmAuth: false, recoveryDays: 0 })
    await run('insert into account_settings (account_id, vm_auth, mac) values (?, 0, ?)', accountId, mac)
  }
  if ((await run('select 1 as one from sign_in_rules where account_id = ?', accountId)).length === 0) {
    const { mac } = macs.seal('sign_in_rules', { accountId, isSecondFactorRequired: false, sso: null })
    await run('insert into sign_in_rules (account_id, second_factor, sso, mac) values (?, 0, null, ?)', accountId, mac)
  }
}

/** What stands for all trails as they are: they do not move while rows are sealed anew. */
async function headsOf(run: Run): Promise<string> {
  const digest = createHash('sha256')
  for (const { id, audit_size: size, audit_head: head } of await run(
    'select id, audit_size, audit_head from accounts order by id',
  )) {
    digest.update(`${id} ${size} ${head instanceof Uint8Array ? Buffer.from(head).toString('hex') : ''}\n`)
  }
  return digest.digest('hex')
}

function macOf({ at, after }: Position, heads: string, macs: RowMacs): string {
  return Buffer.from(macs.mac(JSON.stringify(['sealing rows anew', rowFormat, at, after, heads]))).toString('hex')
}

/** @throws Refusal `integrity_failure` for a mark that was not made here, upon these trails */
function readMark(value: Uint8Array, heads: string, macs: RowMacs): Position {
  try {
    const [at, after, mac] = JSON.parse(Buffer.from(value).toString()) as [number, readonly Value[] | null, string]
    if (macOf({ at, after }, heads, macs) === mac) return { at, after }
  } catch {
    // Said below.
  }
  throw new Refusal('integrity_failure', 'The mark of how far the rows of this store are sealed is not authentic.')
}

function notAuthentic(table: string, row: NamedRow): Refusal {
  const { account_id: accountId, id } = row
  const which = [id === undefined ? [] : [`id ${id}`], accountId === undefined ? [] : [`account ${accountId}`]].flat()
  return new Refusal(
    'integrity_failure',
    `A row of ${table} (${which.join(', ')}) is not as it was sealed, so the store was not opened. Restore a backup of before it was changed; with the version that wrote it, "strongroom audit verify --state" says more.`,
  )
}
