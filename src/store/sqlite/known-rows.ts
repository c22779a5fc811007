/**
 * Rows that every request needs, as the batches before loaded and checked them: known for as long as nothing was written but what
 * batches write themselves. Asked only while the store is locked, and told before of what others have written.
 */
import type { Account } from '../../model/account.ts'
import { environmentsOf } from '../environment-lookups.ts'
import type { Lookup, Question } from '../lookup.ts'
import { keysByToken, secretsById } from '../lookups.ts'
import type { At } from '../rows.ts'
import { accounts } from '../tables/account.ts'
import { audit } from '../tables/record.ts'
import type { Step } from '../writes.ts'

/** Of each kind. What comes after them is read each time: to make room would cost more than it saves. */
const most = 1000
/** Of a value that is larger, to read it once more is the least. */
const maxSealedBytes = 4096

/** With the tables that they rest upon. */
const lookups: ReadonlyMap<object, ReadonlySet<string>> = new Map(
  [keysByToken, environmentsOf, secretsById].map((one) => [one, tablesOf(one)] as const),
)

/** All that its statement names. */
function tablesOf({ table, select, joins, where }: Question): ReadonlySet<string> {
  const named = `${select} ${joins} ${where}`.matchAll(/\b(?:from|join) (\w+)/g)
  return new Set([table, ...[...named].map(([, name = '']) => name)])
}

export function isKept<Ref, Found>(lookup: Lookup<Ref, Found>): boolean {
  return lookups.has(lookup)
}

export class KnownRows {
  #version: number | undefined
  readonly #accounts = new Map<number, Account>()
  readonly #found = new Map<object, Map<At, readonly unknown[]>>()

  /** @param version another one, when another connection has written */
  renew(version: number): void {
    if (version !== this.#version) this.forget()
    this.#version = version
  }

  forget(): void {
    this.#accounts.clear()
    this.#found.clear()
  }

  account(id: number): Account | undefined {
    return this.#accounts.get(id)
  }

  accountOfToken(hash: string): Account | undefined {
    const [key] = this.found(keysByToken, { hash }) ?? []
    return key === undefined ? undefined : this.#accounts.get(key.accountId)
  }

  found<Ref, Found>(lookup: Lookup<Ref, Found>, ref: Ref): readonly Found[] | undefined {
    // The border between what look-ups of any kind found and one.
    return this.#found.get(lookup)?.get(lookup.atOf(ref)) as readonly Found[] | undefined
  }

  /** @param account an authentic one */
  keepAccount(account: Account): void {
    if (this.#accounts.size < most || this.#accounts.has(account.id)) this.#accounts.set(account.id, account)
  }

  /**
   * Nothing that was not found: somebody may look for very many of those.
   *
   * @param rows authentic ones
   */
  keep<Ref, Found>(lookup: Lookup<Ref, Found>, ref: Ref, rows: readonly Found[]): void {
    if (rows.length === 0 || rows.some(isLarge)) return
    const known = this.#found.get(lookup) ?? new Map<At, readonly unknown[]>()
    this.#found.set(lookup, known)
    if (known.size < most) known.set(lookup.atOf(ref), rows)
  }

  /** Forgets what is no longer so; an account that goes on is known as it was written. */
  follow(step: Step): void {
    const table = step.kind === 'remove' ? undefined : step.table
    if (table === audit) return
    if (table === accounts && step.kind === 'update') {
      for (const account of step.rows as Account[]) this.keepAccount(account)
      return
    }
    const name = step.kind === 'remove' ? step.removal.table : step.table.name
    if (name === accounts.name) this.#accounts.clear()
    for (const [lookup, tables] of lookups) if (tables.has(name)) this.#found.delete(lookup)
  }
}

function isLarge(row: unknown): boolean {
  const sealed: unknown = Reflect.get(Object(row), 'sealed')
  return sealed instanceof Uint8Array && sealed.length > maxSealedBytes
}
