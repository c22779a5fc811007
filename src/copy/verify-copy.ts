/** Proves that a store is whole: its tables are what was copied, its rows are authentic, its values open. */
import type { SegmentFiles } from '../audit/segment.ts'
import type { Keyring } from '../crypto/keyring.ts'
import { Refusal } from '../errors.ts'
import type { AccountKey } from '../model/account.ts'
import type { Secret } from '../model/secret.ts'
import { rowText } from '../store/coverage.ts'
import type { Row, Snapshot } from '../store/dump/dump.ts'
import { accountKeys as accountKeyTable } from '../store/tables/account.ts'
import { deleted as deletedTable } from '../store/tables/deleted.ts'
import type { NamedRow } from '../store/tables/field.ts'
import { secretKeys, secrets as secretTable, type Version, versions as versionTable } from '../store/tables/secret.ts'
import type { Table, TableOf } from '../store/tables/table.ts'
import { tables } from '../store/tables/tables.ts'
import { type AccountVerdict, verifyAudit } from '../vault/audit.ts'
import { learnKeyOf, type Vault } from '../vault/vault.ts'
import { ContentsCounter, type Manifest } from './part.ts'
import { counted, type Watch } from './watch.ts'

export interface Proof {
  readonly accounts: number
  readonly secrets: number
  /** Values that were opened, of all versions. */
  readonly opened: number
  readonly records: number
  /** Accounts whose customers keep the key with a provider that does not open it now: their values were not opened. */
  readonly closed: readonly Closed[]
}

/** An account whose values do not open, and what would open them. */
export interface Closed {
  readonly account: string
  readonly provider: string
}

export interface ProofOptions {
  /** Of so many values one is opened, by how many there are; 1 for all of them. */
  readonly everyOf: (versions: number) => number
  readonly watch?: Watch | undefined
  /** Where archived records are. Without it, the trail is proven from where the database begins, and not what it says of the tables. */
  readonly files?: SegmentFiles | undefined
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
  { everyOf, watch, files }: ProofOptions,
): Promise<Proof> {
  const [records, versions] = ['audit', 'versions'].map((table) => manifest.get(table)?.rows ?? 0) as [number, number]
  const onRecords = counted(watch, 'audit records verified', records)
  const verdicts: AccountVerdict[] = []
  for await (const verdict of verifyAudit(vault, { state: true, onRecords, files, isArchiveOptional: true })) {
    const { name, fault, differences } = verdict
    if (fault !== undefined) throw broken(`Account ${name}, record ${fault.seq}: ${fault.reason}`)
    if (differences[0] !== undefined) throw broken(`Account ${name}: ${differences[0]}`)
    verdicts.push(verdict)
  }
  const { secrets, opened, closed } = await openValues(
    vault,
    snapshot,
    everyOf(versions),
    counted(watch, 'values', versions),
  )
  const providers = new Map((await vault.store.customerKeys()).map((key) => [key.accountId, key.provider]))
  return {
    accounts: verdicts.length,
    secrets,
    opened,
    records: verdicts.reduce((sum, { size }) => sum + size, 0),
    closed: verdicts.flatMap(({ name: account, accountId }) =>
      closed.has(accountId) ? [{ account, provider: providers.get(accountId) ?? '' }] : [],
    ),
  }
}

/** Walks secrets, their keys and their versions side by side: all three are sorted by account and secret. */
async function openValues(
  vault: Vault,
  snapshot: Snapshot,
  every: number,
  onValues: (count: number) => void,
): Promise<Pick<Proof, 'secrets' | 'opened'> & { readonly closed: ReadonlySet<number> }> {
  const { keyring } = vault
  const closed = new Set<number>()
  const accountKeys = new Map<string, AccountKey>()
  for await (const key of each(snapshot, accountKeyTable)) {
    accountKeys.set(`${key.accountId} ${key.version}`, key)
    await learnKeyOf(vault, key)
  }
  const keys = new Walk(each(snapshot, secretKeys))
  const versions = new Walk(each(snapshot, versionTable))
  let secrets = 0
  let opened = 0
  let met = 0
  const owners = merged(livingSecrets(keyring, snapshot), keptSecrets(keyring, snapshot))
  for await (const { isKept, ...secret } of owners) {
    if (!isKept) secrets++
    const [key] = await keys.take(secret)
    const found = await versions.take(secret)
    const accountKey = accountKeys.get(`${secret.accountId} ${key?.keyVersion}`)
    if (key === undefined || accountKey === undefined || found.at(-1)?.version !== secret.version) {
      throw broken(`Secret ${secret.id} of account ${secret.accountId} lacks its key or its value.`)
    }
    onValues(found.length)
    for (const version of found) {
      if (version.destroyedAt !== null) {
        checkDestroyed(keyring, version)
        continue
      }
      if (!keyring.guards.isOpen(secret.accountId)) closed.add(secret.accountId)
      if (met++ % every !== 0 || closed.has(secret.accountId)) continue
      const place = { ...secret, name: version.name, version: version.version }
      keyring.openValue(place, keyring.secretKey(place, key, accountKey), version.sealed).fill(0)
      opened++
    }
  }
  return { secrets, opened, closed }
}

/** Nothing may be left of a value that was destroyed, and nobody else may have marked it so. */
function checkDestroyed(keyring: Keyring, version: Version): void {
  if (version.sealed.length === 0 && keyring.isRowMac(rowText('versions', version), version.mac)) return
  throw broken(
    `Version ${version.version} of secret ${version.secretId} of account ${version.accountId} is not authentic.`,
  )
}

/** What the key and the versions of a secret belong to: the secret, or what is kept of it. */
interface Owner extends Pick<Secret, 'accountId' | 'id' | 'uid' | 'version'> {
  readonly isKept: boolean
}

async function* livingSecrets(keyring: Keyring, snapshot: Snapshot): AsyncGenerator<Owner> {
  for await (const secret of each(snapshot, secretTable)) {
    if (!keyring.isRowMac(rowText('secrets', secret), secret.mac)) {
      throw broken(`Secret ${secret.id} of account ${secret.accountId} is not authentic.`)
    }
    const { accountId, id, uid, version } = secret
    yield { accountId, id, uid, version, isKept: false }
  }
}

/** Those that were deleted and are kept, in the order of their accounts and ids. */
async function* keptSecrets(keyring: Keyring, snapshot: Snapshot): AsyncGenerator<Owner> {
  const [byThing] = deletedTable.unique
  for await (const one of each(snapshot, deletedTable, byThing)) {
    const { accountId, id, kind, thingId, uid, version } = one
    if (!keyring.isRowMac(rowText('deleted', one), one.mac)) {
      throw broken(`Deletion ${id} of account ${accountId} is not authentic.`)
    }
    if (kind === 'secret') yield { accountId, id: thingId, uid, version: version ?? 0, isKept: true }
  }
}

function isBefore(one: Owner, other: Owner): boolean {
  return one.accountId < other.accountId || (one.accountId === other.accountId && one.id < other.id)
}

/** Of both the next that comes first. */
async function* merged(living: AsyncGenerator<Owner>, kept: AsyncGenerator<Owner>): AsyncGenerator<Owner> {
  let next = await kept.next()
  for await (const one of living) {
    while (next.done !== true && isBefore(next.value, one)) {
      yield next.value
      next = await kept.next()
    }
    yield one
  }
  if (next.done !== true) yield next.value
  yield* kept
}

/** Gives the rows of one secret after the other. */
class Walk<T extends { readonly accountId: number; readonly secretId: number }> {
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
      const isLater = row.accountId > accountId || (row.accountId === accountId && row.secretId > id)
      if (isLater) return found
      if (row.accountId !== accountId || row.secretId !== id) throw broken('A key or a value belongs to no secret.')
      found.push(row)
      this.#next = undefined
    }
  }
}

/** What a table holds, row by row, sorted by what `rows` of the snapshot is told. */
export async function* each<Model>(
  snapshot: Snapshot,
  table: TableOf<Model>,
  by?: readonly string[],
): AsyncGenerator<Model> {
  for await (const page of snapshot.rows(table, by)) for (const row of page) yield table.read(named(table, row))
}

function named({ columns }: Table, row: Row): NamedRow {
  return Object.fromEntries(Object.keys(columns).map((column, at) => [column, row[at] ?? null]))
}

function broken(what: string): Refusal {
  return new Refusal('integrity_failure', `The copy is not whole. ${what}`)
}
