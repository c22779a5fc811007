/** One batch's transaction on PostgreSQL: each step is one statement over arrays, however many rows it is about. */
import type { Client } from 'pg'
import type { Account } from '../../model/account.ts'
import type { AddressRange } from '../../model/address.ts'
import type { Lease } from '../../model/lease.ts'
import { claimsOn } from '../claim-queries.ts'
import { holdLease } from '../lease-queries.ts'
import { type Lookup, valuesOfRef } from '../lookup.ts'
import { nextAccountSql } from '../next-account.ts'
import type { Locked } from '../owners.ts'
import { all, numbered } from '../sql.ts'
import { accounts } from '../tables/account.ts'
import type { NamedRow, Value } from '../tables/field.ts'
import { type Claim, machineAddresses } from '../tables/machine.ts'
import type { TrailOnly } from '../trail-only.ts'
import type { Transaction } from '../transaction.ts'
import type { Step } from '../writes.ts'
import { appendingOf, using, usingValues } from './append.ts'
import { Rounds } from './round.ts'
import { type Standing, standingQuery } from './standing.ts'
import { arraysOf, finding, findingOne, removing, type Statement, statementOf } from './statements.ts'

/** What batches of one account hold: several at once that change nothing but the trail, or one that does. */
const batchLocks = 7_305
/** Serializes the making of accounts: their ids are counted over the whole store. */
const accountLock = 7_305_610_113
/** Serializes the claiming of addresses: no two accounts may hold the same. */
const claimLock = 7_305_610_114

const takingLock = { name: 'take_lock', text: 'select pg_advisory_xact_lock($1::bigint)' }

const trail = accounts.part('id', 'auditSize', 'auditHead')

export const sharing = locking('share', 'pg_advisory_xact_lock_shared', 'key share')
export const holding = locking('hold', 'pg_advisory_xact_lock', 'update')

export class PostgresTransaction implements Transaction {
  readonly #rounds: Rounds
  readonly #standing: Standing
  readonly #isShared: boolean
  #failure: unknown
  /** How the database stood when the last of the locks was there. */
  #stood: Promise<readonly NamedRow[]> | undefined

  /** @param isShared whether others of the same accounts may be decided meanwhile: all that is written then is appended */
  constructor(client: Client, standing: Standing, isShared: boolean) {
    this.#rounds = new Rounds(client)
    this.#standing = standing
    this.#isShared = isShared
  }

  /** What failed first: of what was sent after it, the database says only that it comes too late. */
  get failure(): unknown {
    return this.#failure
  }

  /** Sent with what is asked next. */
  async begin(): Promise<void> {
    await this.#rounds.ask({ name: 'begin', text: 'begin' }, [])
  }

  /**
   * Sends all that was written, and COMMIT with it.
   *
   * @returns what the database says that it has done
   */
  commit(): Promise<string> {
    const answer = this.#rounds.ask({ name: 'commit', text: 'commit' }, [])
    this.#rounds.send()
    return answer.then(({ command }) => command)
  }

  /**
   * In the order of their ids, so that two batches never wait for each other. First comes the lock that is waited for in turn,
   * then, with what is seen from then on, the one of the rows: it keeps out whoever does not know of the first.
   */
  async lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): Promise<Account[]> {
    const { ofMany, ofKey } = this.#isShared ? sharing : holding
    const isOfKey = ids.length === 0 && tokenHashes.length === 1
    const { turn, rows } = isOfKey ? ofKey : ofMany
    const values = isOfKey ? tokenHashes : [ids, tokenHashes]
    this.#stood = this.#all(turn, values)
    const [found] = await Promise.all([this.#all(rows, values), this.#stood])
    return found.map(accounts.read)
  }

  async now(): Promise<number> {
    const [row] = (await this.#stood) ?? (await this.#all({ name: 'now', text: standingQuery }, []))
    return this.#standing.read(row)
  }

  async find<Ref extends object, Found>(lookup: Lookup<Ref, Found>, refs: readonly Ref[]): Promise<readonly Found[]> {
    const [first, ...others] = refs
    if (lookup.isPlannedOnce && first !== undefined && others.length === 0) {
      return lookup.read(await this.#all(findingOne(lookup), valuesOfRef(lookup, first)))
    }
    const members = refs as readonly Readonly<Record<string, Value>>[]
    const values = lookup.matches.map(({ member }) => members.map((ref) => ref[member] ?? null))
    return lookup.read(await this.#all(finding(lookup), values))
  }

  async claims(ranges: readonly AddressRange[], lock: boolean): Promise<Claim[]> {
    if (lock) await this.#all(takingLock, [claimLock])
    const values = [ranges.map(({ first }) => first), ranges.map(({ last }) => last)]
    return (await this.#all({ name: 'claims', text: claimsOn }, values)).map(machineAddresses.read)
  }

  async newAccounts(names: readonly string[]): Promise<{ taken: string[]; nextId: number }> {
    await this.#all(takingLock, [accountLock])
    const taken = 'select name from accounts where name = any($1::text[])'
    const [found, [row]] = await Promise.all([
      this.#all({ name: 'account_names', text: taken }, [names]),
      this.#all({ name: 'next_account', text: nextAccountSql }, []),
    ])
    return { taken: found.map(({ name }) => String(name)), nextId: Number(row?.['id'] ?? 1) }
  }

  /**
   * Appends records, where others may do so meanwhile.
   *
   * @param isRelaxed whether COMMIT waits for nothing: whoever sends it makes it durable later
   * @returns how far the trails go now
   */
  async append(what: TrailOnly, now: number, isRelaxed: boolean): Promise<Locked> {
    const { records, used } = what
    const { statement, values } = appendingOf(what, now, isRelaxed)
    const [appended] = await Promise.all([
      records.length === 0 ? [] : this.#all(statement, values),
      // After the heads, in the same order everywhere.
      used.length === 0 ? [] : this.#all(using, usingValues(what)),
    ])
    return appended.map(trail.read)
  }

  async holds(lease: Lease): Promise<boolean> {
    const { sql, parameters } = holdLease('postgres', lease)
    return (await this.#all({ name: 'hold_lease', text: numbered(sql) }, parameters)).length > 0
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

  async #all(statement: Statement, values: readonly unknown[]): Promise<readonly NamedRow[]> {
    try {
      return (await this.#rounds.ask(statement, values)).rows
    } catch (error) {
      this.#failure ??= error
      throw error
    }
  }
}

interface Locks {
  readonly turn: Statement
  readonly rows: Statement
}

/** What takes the locks of accounts, by their ids and by what keys of theirs are looked up by; or by one key, planned once. */
function locking(kind: string, lock: string, strength: string): { readonly ofMany: Locks; readonly ofKey: Locks } {
  const ofMany = `select unnest($1::bigint[]) as id
    union all select account_id from api_keys where token_hash = any($2::text[])`
  const ofKey = 'select account_id as id from api_keys where token_hash = $1::text'
  const locks = (name: string, wanted: string): Locks => {
    const turn = `${standingQuery} from (
      select count(${lock}(${batchLocks}, id::int)::text) from (${wanted} order by id) wanted) locked`
    // As an array, by which an index is looked up.
    const rows = `select ${all(accounts).sql} from accounts where id = any(array(${wanted})) order by id for ${strength}`
    return { turn: { name: `${name}_turn`, text: turn }, rows: { name: `${name}_accounts`, text: rows } }
  }
  return { ofMany: locks(kind, ofMany), ofKey: locks(`${kind}_key`, ofKey) }
}

/** In the order of the statement's columns. */
function valuesOf({ kind, table, rows }: Exclude<Step, { kind: 'remove' }>): Value[][] {
  return rows.map((row) => {
    if (kind === 'free') return table.ofKey.write(row)
    return kind === 'update' ? table.ofUpdate.write(row) : table.write(row)
  })
}
