/** Proves that a store is whole: its tables are what was copied, its rows are authentic, its values open. */
import type { Keyring } from '../crypto/keyring.ts'
import { Refusal } from '../errors.ts'
import type { Secret } from '../model/secret.ts'
import type { AccountKeyRow } from '../store/account-key-rows.ts'
import { rowText } from '../store/coverage.ts'
import type { Row, Snapshot } from '../store/dump/dump.ts'
import { type Table, tables } from '../store/dump/tables.ts'
import * as rows from '../store/rows.ts'
import { type AccountVerdict, verifyAudit } from '../vault/audit.ts'
import type { Vault } from '../vault/vault.ts'
import { ContentsCounter, type Manifest } from './part.ts'
import { counted, type Watch } from './watch.ts'

export interface Proof {
  readonly accounts: number
  readonly secrets: number
  /** Values that were opened, of all versions. */
  readonly opened: number
  readonly records: number
}

export interface ProofOptions {
  /** Of so many values one is opened, by how many there are; 1 for all of them. */
  readonly everyOf: (versions: number) => number
  readonly watch?: Watch | undefined
}

/** @throws Refusal `integrity_failure` unless the tables are exactly what the manifest says */
export async function proveContents(snapshot: Snapshot, manifest: Manifest, watch?: Watch): Promise<void> {
  const rows = [...manifest.values()].reduce((sum, contents) => sum + contents.rows, 0)
  const onRows = counted(watch, 'rows compared', rows)
  for (const table of tables) {
    const counter = new ContentsCounter()
    for await (const page of snapshot.rows(table)) {
      counter.add(page)
      onRows(page.length)
    }
    const { rows: found, sha256 } = counter.contents()
    const stated = manifest.get(table.name)
    if (stated?.rows !== found) throw broken(`${table.name} has ${found} rows of ${stated?.rows ?? 0}.`)
    if (stated.sha256 !== sha256) throw broken(`${table.name} holds other rows than were copied.`)
  }
}

/**
 * Checks row MACs, chains, what the chains say of the tables, and values.
 *
 * @param manifest what was copied
 * @throws Refusal `integrity_failure` with what was found first
 */
export async function proveVault(
  vault: Vault,
  snapshot: Snapshot,
  manifest: Manifest,
  { everyOf, watch }: ProofOptions,
): Promise<Proof> {
  const [records, versions] = ['audit', 'versions'].map((table) => manifest.get(table)?.rows ?? 0) as [number, number]
  const onRecords = counted(watch, 'audit records verified', records)
  const verdicts: AccountVerdict[] = []
  for await (const verdict of verifyAudit(vault, { state: true, onRecords })) {
    const { name, fault, differences } = verdict
    if (fault !== undefined) throw broken(`Account ${name}, record ${fault.seq}: ${fault.reason}`)
    if (differences[0] !== undefined) throw broken(`Account ${name}: ${differences[0]}`)
    verdicts.push(verdict)
  }
  const { secrets, opened } = await openValues(
    vault.keyring,
    snapshot,
    everyOf(versions),
    counted(watch, 'values', versions),
  )
  return {
    accounts: verdicts.length,
    secrets,
    opened,
    records: verdicts.reduce((sum, { size }) => sum + size, 0),
  }
}

/** Walks secrets, their keys and their versions side by side: all three are sorted by account and secret. */
async function openValues(
  keyring: Keyring,
  snapshot: Snapshot,
  every: number,
  onValues: (count: number) => void,
): Promise<Pick<Proof, 'secrets' | 'opened'>> {
  const accountKeys = new Map<string, AccountKeyRow>()
  for await (const row of each<AccountKeyRow>(snapshot, 'account_keys')) {
    accountKeys.set(`${row.account_id} ${row.version}`, row)
  }
  const keys = new Walk(each<rows.SecretKeyRow>(snapshot, 'secret_keys'))
  const versions = new Walk(each<rows.VersionRow & { account_id: number }>(snapshot, 'versions'))
  let secrets = 0
  let opened = 0
  let met = 0
  for await (const row of each<rows.SecretRow>(snapshot, 'secrets')) {
    const secret = rows.toSecret(row)
    if (!keyring.isRowMac(rowText('secrets', secret), secret.mac)) {
      throw broken(`Secret ${secret.id} of account ${secret.accountId} is not authentic.`)
    }
    secrets++
    const [key] = await keys.take(secret)
    const found = await versions.take(secret)
    const accountKey = accountKeys.get(`${secret.accountId} ${key?.key_version}`)
    if (key === undefined || accountKey === undefined || found.at(-1)?.version !== secret.version) {
      throw broken(`Secret ${secret.id} of account ${secret.accountId} lacks its key or its value.`)
    }
    onValues(found.length)
    for (const version of found) {
      if (met++ % every !== 0) continue
      const wrapped = { keyVersion: key.key_version, wrapped: key.wrapped }
      const place = { ...secret, name: version.name, version: version.version }
      keyring.openValue(place, keyring.secretKey(place, wrapped, accountKey), version.sealed).fill(0)
      opened++
    }
  }
  return { secrets, opened }
}

/** Gives the rows of one secret after the other. */
class Walk<T extends { readonly account_id: number; readonly secret_id: number }> {
  readonly #rows: AsyncIterator<T>
  #next: IteratorResult<T> | undefined

  constructor(found: AsyncIterable<T>) {
    this.#rows = found[Symbol.asyncIterator]()
  }

  async take({ accountId, id }: Pick<Secret, 'accountId' | 'id'>): Promise<readonly T[]> {
    const found: T[] = []
    for (;;) {
      this.#next ??= await this.#rows.next()
      if (this.#next.done === true) return found
      const row = this.#next.value
      const isLater = row.account_id > accountId || (row.account_id === accountId && row.secret_id > id)
      if (isLater) return found
      if (row.account_id !== accountId || row.secret_id !== id) throw broken('A key or a value belongs to no secret.')
      found.push(row)
      this.#next = undefined
    }
  }
}

/** The border where the rows of our own tables get their types. */
async function* each<T>(snapshot: Snapshot, name: string): AsyncGenerator<T> {
  const table = tables.find((one) => one.name === name)
  if (table === undefined) throw new Error(`There is no table ${name}.`)
  for await (const page of snapshot.rows(table)) for (const row of page) yield named(table, row) as T
}

function named({ columns }: Table, row: Row): Record<string, unknown> {
  return Object.fromEntries(Object.keys(columns).map((column, at) => [column, row[at]]))
}

function broken(what: string): Refusal {
  return new Refusal('integrity_failure', `The copy is not whole. ${what}`)
}
