/** One batch's transaction on SQLite: prepared statements, one row at a time, all in this process. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { Account } from '../../model/account.ts'
import type { AddressRange } from '../../model/address.ts'
import type { Lease } from '../../model/lease.ts'
import { claimBefore, claimsWithin } from '../claim-queries.ts'
import { holdLease } from '../lease-queries.ts'
import { type Lookup, type Question, valuesOfRef } from '../lookup.ts'
import { nextAccountSql } from '../next-account.ts'
import { all } from '../sql.ts'
import { accounts } from '../tables/account.ts'
import type { NamedRow } from '../tables/field.ts'
import { type Claim, machineAddresses } from '../tables/machine.ts'
import type { Transaction } from '../transaction.ts'
import type { Step } from '../writes.ts'
import { type Compared, isKept, KnownRows } from './known-rows.ts'
import { Statements } from './statements.ts'

const accountOfToken = `select ${all(accounts, 'a').sql} from api_keys k join accounts a on a.id = k.account_id where k.token_hash = ?`
const accountById = `select ${all(accounts).sql} from accounts where id = ?`

export class SqliteTransaction implements Transaction {
  readonly known = new KnownRows()
  readonly #statements: Statements

  constructor(database: DatabaseSync) {
    this.#statements = new Statements(database)
  }

  /** `BEGIN IMMEDIATE` has locked the whole store already. */
  lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): Account[] {
    return [
      ...ids.flatMap((id) => this.#statements.all(accountById, id)),
      ...tokenHashes.flatMap((hash) => this.#statements.all(accountOfToken, hash)),
    ].map(accounts.read)
  }

  now(): number {
    return Date.now()
  }

  find<Ref extends object, Found>(lookup: Lookup<Ref, Found>, refs: readonly Ref[]): readonly Found[] {
    return lookup.read(refs.flatMap((ref) => this.#rowsOf(lookup, ref)))
  }

  /** As they are, unchecked. */
  #rowsOf(question: Question, ref: object): readonly NamedRow[] {
    return this.#statements.finding(question).all(...valuesOfRef(question, ref)) as NamedRow[]
  }

  #comparedRowsOf(question: Question, ref: object): readonly Compared[] {
    return this.#statements.comparing(question).all(...valuesOfRef(question, ref)) as unknown as Compared[]
  }

  /** `BEGIN IMMEDIATE` has locked the whole store already. */
  claims(ranges: readonly AddressRange[]): Claim[] {
    const around = ranges.flatMap(({ first, last }) => [
      ...this.#statements.all(claimBefore, first).filter((claim) => String(claim['last']) >= first),
      ...(first === last ? [] : this.#statements.all(claimsWithin, first, last)),
    ])
    return around.map(machineAddresses.read)
  }

  newAccounts(names: readonly string[]): { taken: string[]; nextId: number } {
    const taken = names.flatMap((name) => this.#statements.all('select name from accounts where name = ?', name))
    const [next] = this.#statements.all(nextAccountSql)
    return { taken: taken.map(({ name }) => String(name)), nextId: Number(next?.['id'] ?? 1) }
  }

  holds(lease: Lease): boolean {
    const { sql, parameters } = holdLease('sqlite', lease)
    return this.#statements.all(sql, ...(parameters as SQLInputValue[])).length > 0
  }

  write(steps: readonly Step[]): void {
    for (const step of steps) this.#carryOut(step)
  }

  findChecked<Ref extends object, Found>(
    lookup: Lookup<Ref, Found>,
    refs: readonly Ref[],
    isAuthentic: (found: readonly Found[]) => boolean,
  ): readonly Found[] {
    if (!isKept(lookup)) {
      const found = this.find(lookup, refs)
      isAuthentic(found)
      return found
    }
    return refs.flatMap((ref) => {
      const at = lookup.atOf(ref)
      const known = this.known.meaning(lookup, at, () => this.#comparedRowsOf(lookup, ref))
      if (known !== undefined) return known
      const rows = this.#rowsOf(lookup, ref)
      const found = lookup.read(rows)
      if (isAuthentic(found)) this.known.keep(lookup, at, rows, found)
      return found
    })
  }

  #carryOut(step: Step): void {
    if (step.kind === 'remove') {
      const { removal, rows } = step
      const statement = this.#statements.removing(removal)
      for (const row of rows) statement.run(...removal.by.write(row))
      return
    }
    const { kind, table, rows } = step
    const statement = this.#statements.of(kind, table)
    for (const row of rows) statement.run(...valuesOf(step, row))
  }
}

/** In the order of the statement's columns. */
function valuesOf({ kind, table }: Exclude<Step, { kind: 'remove' }>, row: object): SQLInputValue[] {
  if (kind === 'free') return table.ofKey.write(row)
  return kind === 'update' ? table.ofUpdate.write(row) : table.write(row)
}
