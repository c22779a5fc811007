/** One batch's transaction on PostgreSQL: each step is one statement over arrays, however many rows it is about. */
import type { Client } from 'pg'
import type { Account } from '../../model/account.ts'
import type { AddressRange } from '../../model/address.ts'
import { claimsOn } from '../claim-queries.ts'
import type { Lookup } from '../lookup.ts'
import { nextAccountSql } from '../next-account.ts'
import { all } from '../sql.ts'
import { accounts } from '../tables/account.ts'
import type { NamedRow, Value } from '../tables/field.ts'
import { type Claim, machineAddresses } from '../tables/machine.ts'
import type { Transaction } from '../transaction.ts'
import type { Step } from '../writes.ts'
import { type Standing, standingQuery } from './standing.ts'
import { arraysOf, finding, removing, type Statement, statementOf } from './statements.ts'

/** Serializes the making of accounts: their ids are counted over the whole store. */
const accountLock = 7_305_610_113
/** Serializes the claiming of addresses: no two accounts may hold the same. */
const claimLock = 7_305_610_114

export class PostgresTransaction implements Transaction {
  readonly #client: Client
  readonly #standing: Standing
  #failure: unknown

  constructor(client: Client, standing: Standing) {
    this.#client = client
    this.#standing = standing
  }

  /** What failed first: of what was sent after it, the database says only that it comes too late. */
  get failure(): unknown {
    return this.#failure
  }

  /** In the order of their ids, so that two batches never wait for each other. */
  async lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): Promise<Account[]> {
    const text = `select ${all(accounts).sql} from accounts
      where id = any($1::bigint[]) or id in (select account_id from api_keys where token_hash = any($2::text[]))
      order by id for update`
    return (await this.#all({ name: 'lock_accounts', text }, [ids, tokenHashes])).map(accounts.read)
  }

  async now(): Promise<number> {
    const [row] = await this.#all({ name: 'now', text: standingQuery }, [])
    return this.#standing.read(row)
  }

  async find<Ref extends object, Found>(lookup: Lookup<Ref, Found>, refs: readonly Ref[]): Promise<readonly Found[]> {
    const members = refs as readonly Readonly<Record<string, Value>>[]
    const values = lookup.matches.map(({ member }) => members.map((ref) => ref[member] ?? null))
    return lookup.read(await this.#all(finding(lookup), values))
  }

  async claims(ranges: readonly AddressRange[], lock: boolean): Promise<Claim[]> {
    if (lock) await this.#client.query('select pg_advisory_xact_lock($1)', [claimLock])
    const values = [ranges.map(({ first }) => first), ranges.map(({ last }) => last)]
    return (await this.#all({ name: 'claims', text: claimsOn }, values)).map(machineAddresses.read)
  }

  async newAccounts(names: readonly string[]): Promise<{ taken: string[]; nextId: number }> {
    await this.#client.query('select pg_advisory_xact_lock($1)', [accountLock])
    const taken = 'select name from accounts where name = any($1::text[])'
    const [found, [row]] = await Promise.all([
      this.#all({ name: 'account_names', text: taken }, [names]),
      this.#all({ name: 'next_account', text: nextAccountSql }, []),
    ])
    return { taken: found.map(({ name }) => String(name)), nextId: Number(row?.['id'] ?? 1) }
  }

  /** Sends everything at once, and resolves when all of it is done: the connection carries it out in order. */
  async write(steps: readonly Step[]): Promise<void> {
    await Promise.all(steps.map((step) => this.#carryOut(step)))
  }

  #carryOut(step: Step): Promise<unknown> {
    if (step.kind === 'remove') {
      const { removal, rows } = step
      return this.#all(removing(removal), arraysOf(rows.map((row) => removal.by.write(row))))
    }
    return this.#all(statementOf(step), arraysOf(valuesOf(step)))
  }

  async #all({ name, text }: Statement, values: readonly unknown[]): Promise<NamedRow[]> {
    try {
      return (await this.#client.query<NamedRow>({ name, text, values: [...values] })).rows
    } catch (error) {
      this.#failure ??= error
      throw error
    }
  }
}

/** In the order of the statement's columns. */
function valuesOf({ kind, table, rows }: Exclude<Step, { kind: 'remove' }>): Value[][] {
  return rows.map((row) => {
    if (kind === 'free') return table.ofKey.write(row)
    return kind === 'update' ? table.ofUpdate.write(row) : table.write(row)
  })
}
