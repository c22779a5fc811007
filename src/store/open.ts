/** Opens a store: picks the engine, puts the batcher before it, and answers the plain queries. */
import type { KeyObject } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { CompiledQuery } from 'kysely'
import { type Code, Refusal } from '../errors.ts'
import { type AccountKeyRow, toAccountKey } from './account-key-rows.ts'
import { AttemptQueries } from './attempt-queries.ts'
import { Batcher } from './batcher.ts'
import { type JoinedRow, type SeedRow, toDeployments, toSeed } from './deployment-rows.ts'
import { DiskWatch } from './disk.ts'
import type { Engine, Query } from './engine.ts'
import { KeyringQueries, masterKeyName } from './keyring-queries.ts'
import { refuseUnlessThere, sqlitePath } from './location.ts'
import type { Kind, Outcome, Request } from './operation.ts'
import { PostgresEngine } from './postgres/postgres.ts'
import { Queries } from './queries.ts'
import * as rows from './rows.ts'
import { sealedAtOnce } from './seal-anew.ts'
import { SqliteEngine } from './sqlite/sqlite.ts'
import type {
  Backlog,
  DeploymentFilter,
  KeyringRow,
  RecordCounting,
  RecordFilter,
  Store,
  StoreEvents,
  Wraps,
} from './store.ts'
import { type TrustRuleRow, toTrustRule } from './trust-rows.ts'
import * as people from './user-rows.ts'

export interface StoreOptions {
  /** `postgres://…`; without it the store is a SQLite file in the data folder. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  /** How many versions of each secret are kept. */
  readonly keepVersions: number
  /** Bytes that are to stay free on the disk of a SQLite file; 0 for none. */
  readonly diskReserveBytes: number
  /** Whether tables are made where there are none. */
  readonly mayMake: boolean
  /** Milliseconds since 1970; without it the store's own clock (the database's, on PostgreSQL). */
  readonly now?: (() => number) | undefined
}

/** @throws Refusal `not_found` when there is no store and it may not be made */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, mayMake } = options
  if (databaseUrl === undefined && !mayMake) refuseUnlessThere(options)
  const engine =
    databaseUrl === undefined
      ? await SqliteEngine.open(sqlitePath(options.dataDir), mayMake)
      : await PostgresEngine.open(databaseUrl, mayMake)
  if (options.databaseUrl !== undefined || options.diskReserveBytes === 0) return new BatchedStore(engine, options)
  const disk = new DiskWatch(options.dataDir, options.diskReserveBytes)
  await disk.look()
  return new BatchedStore(engine, options, disk)
}

/** A version with its secret. */
type SealedRow = rows.StoredSecretRow & {
  readonly sealed_version: number
  readonly sealed_name: string
  readonly sealed_ms: number
}

class BatchedStore implements Store {
  readonly events: StoreEvents = { onBatch: () => {} }
  readonly #engine: Engine
  readonly #queries: Queries
  readonly #keyrings: KeyringQueries
  readonly #attempts: AttemptQueries
  readonly #batcher: Batcher
  readonly #disk: DiskWatch | undefined
  readonly #keepVersions: number
  #storeId = ''

  constructor(engine: Engine, { keepVersions, now }: StoreOptions, disk?: DiskWatch) {
    this.#engine = engine
    this.#disk = disk
    this.#queries = new Queries(engine.dialect)
    this.#keepVersions = keepVersions
    this.#keyrings = new KeyringQueries(engine.dialect)
    this.#attempts = new AttemptQueries(engine.dialect)
    this.#batcher = new Batcher({
      inFlight: engine.inFlight,
      run: async (requests, waitingSince) => {
        const sentAt = performance.now()
        let failure: Code | undefined
        try {
          return await engine.run({ requests, now: now?.() }, { storeId: this.#storeId, keepVersions })
        } catch (error) {
          failure = error instanceof Refusal ? error.code : 'internal'
          throw error
        } finally {
          this.events.onBatch({ requests, waitingSince, sentAt, backAt: performance.now(), failure })
        }
      },
    })
  }

  async submit<K extends Kind>(request: Request<K>): Promise<Outcome<K>> {
    return (await this.#batcher.submit(request as unknown as Request)) as Outcome<K>
  }

  async secretsAfter(accountId: number, after: number, limit: number) {
    const found = await this.#query<rows.SecretRow>(this.#queries.secretsAfter(accountId, after, limit))
    return found.map(rows.toSecret)
  }

  async secretNamed(accountId: number, name: string) {
    const [row] = await this.#query<rows.SecretRow>(this.#queries.secretNamed(accountId, name))
    return row && rows.toSecret(row)
  }

  async secretsOfListAfter(accountId: number, listId: number, after: number, limit: number) {
    const query = this.#queries.secretsOfListAfter(accountId, listId, after, limit)
    return (await this.#query<rows.SecretRow>(query)).map(rows.toSecret)
  }

  async lists(accountId: number) {
    return (await this.#query<rows.ListRow>(this.#queries.lists(accountId))).map(rows.toList)
  }

  async keysAfter(accountId: number, after: number, limit: number) {
    const found = await this.#query<rows.ApiKeyRow>(this.#queries.keysAfter(accountId, after, limit))
    return found.map(rows.toApiKey)
  }

  async openSessionsAfter(accountId: number, after: number, limit: number) {
    const found = await this.#query<rows.ApiKeyRow>(this.#queries.openSessionsAfter(accountId, after, limit))
    return found.map(rows.toApiKey)
  }

  async seedsAfter(accountId: number, after: number, limit: number) {
    return (await this.#query<SeedRow>(this.#queries.seedsAfter(accountId, after, limit))).map(toSeed)
  }

  async deploymentsAfter(accountId: number, filter: DeploymentFilter, after: number, limit: number) {
    const query = this.#queries.deploymentsAfter(accountId, filter, after, limit)
    const found = await this.#query<JoinedRow & { current_version: number | null }>(query)
    const current = new Map(
      found.flatMap((row) => (row.current_version === null ? [] : [[row.secret_id ?? 0, row.current_version]])),
    )
    return toDeployments(found).map((deployment) => ({ deployment, current }))
  }

  async accounts() {
    return (await this.#query<rows.AccountRow>(this.#queries.accounts())).map(rows.toAccount)
  }

  async accountNamed(name: string) {
    const [row] = await this.#query<rows.AccountRow>(this.#queries.accountNamed(name))
    return row === undefined ? undefined : rows.toAccount(row)
  }

  async trustRules(accountId: number, issuer?: string) {
    return (await this.#query<TrustRuleRow>(this.#queries.trustRules(accountId, issuer))).map(toTrustRule)
  }

  async accountKey(accountId: number, version: number) {
    const [row] = await this.#query<AccountKeyRow>(this.#keyrings.accountKey(accountId, version))
    return row === undefined ? undefined : toAccountKey(row)
  }

  async storedSecretsAfter(accountId: number, after: number, limit: number) {
    const query = this.#queries.storedSecretsAfter(accountId, after, limit)
    const found = await this.#query<rows.SecretRow & { sealed: Uint8Array | null; list_uid: string | null }>(query)
    return found.map((row) => ({ secret: rows.toSecret(row), sealed: row.sealed, listUid: row.list_uid }))
  }

  async versionsAfter(accountId: number, after: number, limit: number) {
    const found = await this.#query<SealedRow>(this.#queries.versionsAfter(accountId, after, limit))
    const kept = found.filter((row) => row.sealed_version > row.version - this.#keepVersions)
    return kept.map((row) => ({
      ...rows.toStoredSecret(row),
      version: row.sealed_version,
      name: row.sealed_name,
      createdAt: row.sealed_ms,
    }))
  }

  async machines(accountId: number) {
    return (await this.#query<rows.MachineRow>(this.#queries.machines(accountId))).map(rows.toMachine)
  }

  async claims(accountId: number) {
    return (await this.#query<rows.ClaimRow>(this.#queries.claims(accountId))).map(rows.toClaim)
  }

  async users(accountId: number) {
    return (await this.#query<people.UserRow>(this.#queries.people.users(accountId))).map(people.toUser)
  }

  async userWithEmail(accountId: number, email: string) {
    const [row] = await this.#query<people.UserRow>(this.#queries.people.userWithEmail(accountId, email))
    return row === undefined ? undefined : people.toUser(row)
  }

  async userWithLink(linkHash: string) {
    const [row] = await this.#query<people.UserRow>(this.#queries.people.userWithLink(linkHash))
    return row === undefined ? undefined : people.toUser(row)
  }

  async user(accountId: number, id: number) {
    const [row] = await this.#query<people.UserRow>(this.#queries.people.user(accountId, id))
    return row === undefined ? undefined : people.toUser(row)
  }

  async factorsOf(accountId: number, userId: number) {
    return (await this.#query<people.FactorRow>(this.#queries.people.factorsOf(accountId, userId))).map(people.toFactor)
  }

  async factorsAfter(accountId: number, after: number, limit: number) {
    const query = this.#queries.people.factorsAfter(accountId, after, limit)
    return (await this.#query<people.FactorRow>(query)).map(people.toFactor)
  }

  async factorWith(lookup: string) {
    const [row] = await this.#query<people.FactorRow>(this.#queries.people.factorWith(lookup))
    return row === undefined ? undefined : people.toFactor(row)
  }

  async rules(accountId: number) {
    const [row] = await this.#query<people.RulesRow>(this.#queries.people.rules(accountId))
    return row === undefined ? undefined : people.toRules(row)
  }

  async sessionsOf(accountId: number, userId: number) {
    return (await this.#query<rows.ApiKeyRow>(this.#queries.people.sessionsOf(accountId, userId))).map(rows.toApiKey)
  }

  async settings(accountId: number) {
    const [row] = await this.#query<rows.SettingsRow>(this.#queries.settings(accountId))
    return row === undefined ? undefined : rows.toSettings(row)
  }

  async accountKeys(accountId: number) {
    return (await this.#query<AccountKeyRow>(this.#keyrings.accountKeys(accountId))).map(toAccountKey)
  }

  async secretKeysBelow(accountId: number, version: number, after: number, limit: number) {
    const query = this.#keyrings.secretKeysBelow(accountId, version, after, limit)
    const found = await this.#query<Pick<rows.SecretRow, 'id' | 'uid'> & rows.SecretKeyRow>(query)
    return found.map(({ id, uid, key_version, wrapped }) => ({ id, uid, key: { keyVersion: key_version, wrapped } }))
  }

  async countSecretKeysBelow(accountId: number, version: number) {
    const [row] = await this.#query<{ count: number }>(this.#keyrings.countSecretKeysBelow(accountId, version))
    return Number(row?.count ?? 0)
  }

  async recordsBefore(accountId: number, filter: RecordFilter) {
    const before = Math.min(filter.before, (await this.auditSize(accountId)) + 1)
    const found = await this.#query<rows.AuditRow>(this.#queries.trail.recordsBefore(accountId, { ...filter, before }))
    const records = found.map(rows.toStoredRecord)
    const last = records.at(-1)?.record.seq
    const next = records.length === filter.limit && last !== undefined ? last : before - filter.window
    return { records, next: Math.max(next, 1) }
  }

  async recordsAfter(accountId: number, after: number, limit: number) {
    const found = await this.#query<rows.AuditRow>(this.#queries.trail.recordsAfter(accountId, after, limit))
    return found.map(rows.toStoredRecord)
  }

  async countRecords(accountId: number, counting: RecordCounting) {
    const found = await this.#query<rows.CountRow>(this.#queries.trail.countRecords(accountId, counting))
    return found.map(rows.toRecordCount)
  }

  async auditSize(accountId: number) {
    const [account] = await this.#query<{ audit_size: number }>(this.#queries.trail.auditSize(accountId))
    return account?.audit_size ?? 0
  }

  async keyring(make: () => Promise<KeyringRow>): Promise<KeyringRow> {
    const row = (await this.#readKeyring()) ?? (await this.#makeKeyring(make))
    this.#storeId = row.storeId
    return row
  }

  async takeRowKey(key: KeyObject): Promise<void> {
    await this.#engine.takeRowKey({ key, storeId: this.#storeId })
    while (!(await this.#engine.sealStep(sealedAtOnce)));
  }

  async addMasterKey({ version, wrapped }: KeyringRow['masterKeys'][number]): Promise<void> {
    await this.#query(this.#keyrings.addMeta(masterKeyName(version), wrapped))
  }

  async keepMasterKeys(keys: KeyringRow['masterKeys']): Promise<void> {
    for (const { version, wrapped, next } of keys) {
      const nextName = masterKeyName(version, true)
      // First the one that stays: between the two statements both are the same key.
      await this.#query(this.#keyrings.putMeta(masterKeyName(version), wrapped))
      await this.#query(next === undefined ? this.#keyrings.dropMeta(nextName) : this.#keyrings.putMeta(nextName, next))
    }
  }

  wraps(): Promise<Wraps> {
    return this.#count(this.#keyrings.countWraps())
  }

  async census(now: number) {
    const [accounts, keys, secrets, deployments, wraps] = await Promise.all([
      this.#count(this.#queries.countAccounts()),
      this.#count(this.#queries.countKeys(now)),
      this.#count(this.#queries.countSecrets(now)),
      this.#count(this.#queries.countDeployments()),
      this.wraps(),
    ])
    return { accounts: accounts.all, keys, secrets, deployments, wraps }
  }

  async takeAttempt(name: string, max: number, now: number, until: number) {
    const [taken] = await this.#query<{ until_ms: number }>(this.#attempts.take(name, max, now, until))
    if (taken !== undefined) return { until: taken.until_ms, isTaken: true }
    const [full] = await this.#query<{ until_ms: number }>(this.#attempts.end(name))
    return { until: full?.until_ms ?? now, isTaken: false }
  }

  async giveBackAttempt(name: string, until: number): Promise<void> {
    await this.#query(this.#attempts.giveBack(name, until))
  }

  async forgetAttempts(name: string): Promise<void> {
    await this.#query(this.#attempts.forget(name))
  }

  async pruneAttempts(now: number): Promise<void> {
    await this.#query(this.#attempts.prune(now))
  }

  backlog(): Backlog {
    return this.#batcher.backlog
  }

  get dialect(): Engine['dialect'] {
    return this.#engine.dialect
  }

  isNearlyFull(): boolean {
    return this.#disk?.isLow ?? false
  }

  async ping(): Promise<void> {
    await this.#query({ sql: 'select 1 as up', parameters: [] })
  }

  async close(): Promise<void> {
    this.#disk?.stop()
    await this.#batcher.idle()
    await this.#engine.close()
  }

  async #makeKeyring(make: () => Promise<KeyringRow>): Promise<KeyringRow> {
    await this.#query(this.#keyrings.putKeyring(await make()))
    const made = await this.#readKeyring()
    if (made === undefined) throw new Refusal('integrity_failure', 'The store does not keep its keyring.')
    return made
  }

  async #readKeyring(): Promise<KeyringRow | undefined> {
    const found = await this.#query<{ name: string; value: Uint8Array }>(this.#keyrings.meta())
    const values = new Map(found.map(({ name, value }) => [name, value]))
    const [storeId, canary] = ['store_id', 'canary'].map((name) => values.get(name))
    if (storeId === undefined || canary === undefined) return undefined
    const masterKeys: KeyringRow['masterKeys'][number][] = []
    for (let version = 1; ; version++) {
      const wrapped = values.get(masterKeyName(version))
      if (wrapped === undefined) break
      masterKeys.push({ version, wrapped, next: values.get(masterKeyName(version, true)) })
    }
    return { storeId: Buffer.from(storeId).toString('hex'), masterKeys, canary }
  }

  /** The one row of a query that counts. */
  async #count<Name extends string>(query: CompiledQuery<Record<Name, number>>): Promise<Record<Name, number>> {
    const [row] = await this.#query<Record<Name, number>>(query)
    if (row === undefined) throw new Error('A count without a row.')
    return row
  }

  async #query<Row>(query: Query): Promise<readonly Row[]> {
    return (await this.#engine.query(query)) as readonly Row[]
  }
}
