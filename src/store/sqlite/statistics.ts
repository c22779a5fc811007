/**
 * Tells SQLite how its indexes are filled. Not told, it believes that an account has some ten rows of anything, and goes
 * through all of them rather than by an index that knows more than the account. It is told the same of every store, of
 * whatever size: that it is large.
 */
import type { DatabaseSync } from 'node:sqlite'

/** Rows of each table, which are one account's. */
const rows = 1_000_000
/** Of those that have a first column in common, and of each further one that many times fewer. */
const perValue = { first: 1000, fewer: 10, least: 2 }

interface Row {
  readonly tbl: string
  readonly idx: string
  readonly stat: string
}

/** Where they are not known yet. Costs next to nothing, however large the store is. */
export function tellStatistics(database: DatabaseSync): void {
  const wanted = statisticsOf(database)
  if (JSON.stringify(wanted) === JSON.stringify(known(database))) return
  // Makes the table, and looks at no more than a few rows of each index.
  database.exec('pragma analysis_limit = 1; analyze; delete from sqlite_stat1')
  const insert = database.prepare('insert into sqlite_stat1 (tbl, idx, stat) values (?, ?, ?)')
  for (const { tbl, idx, stat } of wanted) insert.run(tbl, idx, stat)
  // Has this connection take them.
  database.exec('analyze sqlite_schema')
}

function known(database: DatabaseSync): Row[] {
  const isThere = database.prepare(`select 1 from sqlite_schema where name = 'sqlite_stat1'`).get() !== undefined
  return isThere ? database.prepare('select tbl, idx, stat from sqlite_stat1 order by tbl, idx').all().map(toRow) : []
}

function statisticsOf(database: DatabaseSync): Row[] {
  // The primary key of a table without row ids goes by the name of the table.
  const columns = database.prepare(`
    select m.name as tbl, case when i.origin = 'pk' then m.name else i.name end as idx, i."unique" as is_unique, c.name
    from sqlite_schema m join pragma_index_list(m.name) i join pragma_index_info(i.name) c
    where m.type = 'table' and m.name not like 'sqlite_%' order by 1, 2, c.seqno`)
  const indexes = new Map<string, { readonly tbl: string; readonly idx: string; isUnique: boolean; names: string[] }>()
  for (const { tbl, idx, is_unique: isUnique, name } of columns.all()) {
    const key = `${tbl} ${idx}`
    const found = indexes.get(key) ?? { tbl: String(tbl), idx: String(idx), isUnique: isUnique === 1, names: [] }
    indexes.set(key, found)
    found.names.push(String(name))
  }
  return [...indexes.values()].map(({ tbl, idx, isUnique, names }) => ({ tbl, idx, stat: statOf(names, isUnique) }))
}

/** How many rows there are, and how many have the first column in common, the first two, and so on. */
function statOf(names: readonly string[], isUnique: boolean): string {
  const { first, fewer, least } = perValue
  const common = names.map((name, at) => {
    if (isUnique && at === names.length - 1) return 1
    return at === 0 && name === 'account_id' ? rows : Math.max(least, Math.round(first / fewer ** at))
  })
  return [rows, ...common].join(' ')
}

function toRow({ tbl, idx, stat }: Record<string, unknown>): Row {
  return { tbl: String(tbl), idx: String(idx), stat: String(stat) }
}
