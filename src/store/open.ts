/** Opens a store: picks the engine, puts the batcher before it, and answers the plain queries. */
import type { KeyObject } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { type Code, Refusal } from '../errors.ts'
import * as tries from './attempt-queries.ts'
import * as trail from './audit-queries.ts'
import { Batcher, Crowded } from './batcher.ts'
import { DiskWatch } from './disk.ts'
import type { Engine } from './engine.ts'
import { type Followers, followersOf } from './followers.ts'
import * as keyrings from './keyring-queries.ts'
import type { ListedRows, Part } from './listings.ts'
import { refuseUnlessThere, sqlitePath } from './location.ts'
import * as counting from './object-counts.ts'
import type { Kind, Outcome, Request } from './operation.ts'
import { Unusable } from './postgres/unusable.ts'
import * as queries from './queries.ts'
import { type Asked, countByList, countSecrets, secretPages, tags } from './secret-pages.ts'
import type { Query, Reading } from './sql.ts'
import type {
  Backlog,
  DeploymentFilter,
  KeyringRow,
  RecordCounting,
  RecordFilter,
  RecordStretch,
  SecretListing,
  Store,
  StoreEvents,
  UseMatch,
  Within,
  Wraps,
} from './store.ts'
import type { Spent } from './stored.ts'
import * as people from './user-queries.ts'

/** Deployments that one statement looks into. */
const soughtAtOnce = 1000

export interface StoreOptions {
  /** `postgres://…`; without it the store is a SQLite file in the data folder. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  /** How many versions of each secret are kept. */
  readonly keepVersions: number
  /** Bytes that are to stay free on the disk of a SQLite file; 0 for none. */
  readonly diskReserveBytes: number
  /** On SQLite: whether its connection gets a thread of its own, as that of a server. */
  readonly hasThread?: boolean | undefined
  /** Whether tables are made where there are none. */
  readonly mayMake: boolean
  /** Whether a server opens it, which brings its schema up to date; others do not while servers use it. */
  readonly isServer?: boolean | undefined
  /** On PostgreSQL: whether nothing is done unless commits wait for a standby. */
  readonly isSynchronousRequired?: boolean
  /** Milliseconds since 1970; without it the store's own clock (the database's, on PostgreSQL). */
  readonly now?: (() => number) | undefined
}

/** @throws Refusal `not_found` when there is no store and it may not be made */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { databaseUrl, mayMake } = options
  if (databaseUrl === undefined && !mayMake) refuseUnlessThere(options)
  const engine = await openEngine(options)
  if (options.databaseUrl !== undefined || options.diskReserveBytes === 0) return new BatchedStore(engine, options)
  const disk = new DiskWatch(options.dataDir, options.diskReserveBytes)
  await disk.look()
  return new BatchedStore(engine, options, disk)
}

/** Loads the one that is used. */
async function openEngine({
  databaseUrl,
  dataDir,
  mayMake,
  hasThread,
  isServer,
  isSynchronousRequired,
}: StoreOptions): Promise<Engine> {
  if (databaseUrl === undefined) {
    const { SqliteEngine } = await import('./sqlite/sqlite.ts')
    return SqliteEngine.open({ path: sqlitePath(dataDir), mayMake, isOwner: isServer === true }, hasThread)
  }
  const { PostgresEngine } = await import('./postgres/postgres.ts')
  return PostgresEngine.open(databaseUrl, { mayMake, isServer, isSynchronousRequired })
}

/** Why a database could not be used, if it may be a little later, with nothing changed: it is away, or being taken over. */
export function whyAway(error: unknown): string | undefined {
  const cause = error instanceof Refusal ? error.cause : undefined
  return cause instanceof Unusable && cause.mayCome ? cause.message : undefined
}

class BatchedStore implements Store {
  readonly events: StoreEvents = { onBatch: () => {}, onDecoyRead: () => {} }
  readonly leases: Followers['leases']
  readonly segments: Followers['segments']
  readonly sinks: Followers['sinks']
  readonly trailIndex: Followers['trailIndex']
  readonly webhooks: Followers['webhooks']
  readonly #engine: Engine
  readonly #batcher: Batcher
  readonly #disk: DiskWatch | undefined
  readonly #keepVersions: number
  #storeId = ''

  constructor(engine: Engine, { keepVersions, now }: StoreOptions, disk?: DiskWatch) {
    this.#engine = engine
    engine.onDecoyRead = (read) => this.events.onDecoyRead(read)
    const { leases, segments, sinks, trailIndex, webhooks } = followersOf(engine)
    this.leases = leases
    this.segments = segments
    this.sinks = sinks
    this.trailIndex = trailIndex
    this.webhooks = webhooks
    this.#disk = disk
    this.#keepVersions = keepVersions
    this.#batcher = new Batcher({
      laneOf: (request) => engine.laneOf(request),
      ...(engine.apartOf === undefined ? {} : { apartOf: engine.apartOf.bind(engine) }),
      run: async (requests, waitingSince, lane, onDecided) => {
        const sentAt = performance.now()
        let failure: Code | undefined
        let isCrowded = false
        try {
          return await engine.run({ requests, now: now?.() }, { storeId: this.#storeId, keepVersions }, lane, onDecided)
        } catch (error) {
          failure = error instanceof Refusal ? error.code : 'internal'
          isCrowded = error instanceof Crowded
          throw error
        } finally {
          // What goes again, in batches of their own, has not failed.
          if (!isCrowded) this.events.onBatch({ requests, waitingSince, sentAt, backAt: performance.now(), failure })
        }
      },
    })
  }

  async submit<K extends Kind>(request: Request<K>): Promise<Outcome<K>> {
    return (await this.#batcher.submit(request as unknown as Request)) as Outcome<K>
  }

  secretsAfter(within: Within, after: number, limit: number) {
    return this.#all(queries.secretsAfter(within, after, limit))
  }

  secretPages(accountId: number, listing: SecretListing) {
    return secretPages(this.#asked(accountId), listing)
  }

  countSecrets(accountId: number, search: SecretListing['search']) {
    return countSecrets(this.#asked(accountId), search)
  }

  countByList(accountId: number, search: SecretListing['search']) {
    return countByList(this.#asked(accountId), search)
  }

  tags({ accountId, environmentId }: Within, limit: number) {
    return tags(this.#asked(accountId), environmentId, limit)
  }

  secretsOfListAfter(within: Within, listId: number, after: number, limit: number) {
    return this.#all(queries.secretsOfListAfter(within, listId, after, limit))
  }

  environments(accountId: number) {
    return this.#all(queries.environmentsOf(accountId))
  }

  async listsOfIds(accountId: number, ids: readonly number[]) {
    return ids.length === 0 ? [] : this.#all(queries.listsOfIds(accountId, ids))
  }

  async deploymentsAfter(accountId: number, filter: DeploymentFilter, after: number, limit: number) {
    // Whether one holds something old, or something by a name, is looked up for each: a stretch at a time.
    const isSought = filter.isStale === true || filter.listId !== undefined || typeof filter.secret === 'string'
    const [end] = isSought ? await this.#query(queries.endOfDeployments(accountId, filter, after, soughtAtOnce)) : []
    const upTo = end === undefined ? undefined : Number(end['id'])
    const rows = await this.#query(queries.deploymentsAfter(accountId, filter, after, upTo, limit))
    const found = queries.storedDeployments(rows)
    const last = found.length === limit ? found.at(-1)?.deployment.id : upTo
    return { found, next: last }
  }

  rowsOf<Row>(accountId: number, rows: ListedRows<Row>, part: Part) {
    return this.#all(rows.part(accountId, part))
  }

  accounts(limit?: number) {
    return this.#all(queries.allAccounts(limit))
  }

  account(id: number) {
    return this.#first(queries.accountOf(id))
  }

  async nextAccountId() {
    const { id } = await this.#count<'id'>(queries.nextAccountId)
    return id
  }

  accountNamed(name: string) {
    return this.#first(queries.accountNamed(name))
  }

  trustRules(accountId: number, issuer?: string) {
    return this.#all(queries.trustRulesOf(accountId, issuer))
  }

  secretNamed(within: Within, name: string) {
    return this.#first(queries.secretNamed(within, name))
  }

  deletedLists() {
    return this.#all(queries.deletedLists())
  }

  async versionHeadsOf(accountId: number, ids: readonly number[]) {
    return ids.length === 0 ? [] : this.#all(queries.versionHeadsOf(accountId, ids))
  }

  storedDeletedAfter(accountId: number, after: number, limit: number) {
    return this.#all(queries.storedDeletedAfter(accountId, after, limit))
  }

  overDeleted(now: number, after: Parameters<Store['overDeleted']>[1], limit: number) {
    return this.#all(queries.overDeleted(now, after, limit))
  }

  holdersOfListAfter(accountId: number, listId: number, after: number, limit: number) {
    return this.#all(queries.holdersOfListAfter(accountId, listId, after, limit))
  }

  accountKey(accountId: number, version: number) {
    return this.#first(keyrings.accountKey(accountId, version))
  }

  customerKey(accountId: number) {
    return this.#first(keyrings.customerKeyOf(accountId))
  }

  customerKeys() {
    return this.#all(keyrings.allCustomerKeys())
  }

  accountKeys(accountId: number) {
    return this.#all(keyrings.accountKeysOf(accountId))
  }

  storedSecretsAfter(accountId: number, after: number, limit: number) {
    return this.#all(queries.storedSecretsAfter(accountId, after, limit))
  }

  async storedOf(accountId: number, ids: readonly number[]) {
    return ids.length === 0 ? [] : this.#all(queries.storedOf(accountId, ids))
  }

  async versionsOf(accountId: number, ids: readonly number[]) {
    const found = ids.length === 0 ? [] : await this.#all(queries.versionsOf(accountId, ids))
    return found.filter(({ version, secret }) => version > secret.version - this.#keepVersions)
  }

  claims(accountId: number) {
    return this.#all(queries.claimsOf(accountId))
  }

  userWithEmail(accountId: number, email: string) {
    return this.#first(people.userWithEmail(accountId, email))
  }

  userWithLink(linkHash: string) {
    return this.#first(people.userWithLink(linkHash))
  }

  user(accountId: number, id: number) {
    return this.#first(people.userOf(accountId, id))
  }

  factorsOf(accountId: number, userId: number) {
    return this.#all(people.factorsOf(accountId, userId))
  }

  factorWith(lookup: string) {
    return this.#first(people.factorWith(lookup))
  }

  async isSpent({ accountId, hash }: Pick<Spent, 'accountId' | 'hash'>) {
    return (await this.#first(people.spentOf(accountId, hash))) !== undefined
  }

  rules(accountId: number) {
    return this.#first(people.rulesOf(accountId))
  }

  settings(accountId: number) {
    return this.#first(queries.settingsOf(accountId))
  }

  secretKeysBelow(accountId: number, version: number, after: number, limit: number) {
    return this.#all(keyrings.secretKeysBelow(accountId, version, after, limit))
  }

  async countSecretKeysBelow(accountId: number, version: number) {
    const { count } = await this.#count<'count'>(keyrings.countSecretKeysBelow(accountId, version))
    return count
  }

  async recordsBefore(accountId: number, filter: RecordFilter) {
    const records = await this.#all(trail.recordsBefore(accountId, filter))
    const last = records.at(-1)?.record.seq
    const next = records.length === filter.limit && last !== undefined ? last : filter.before - filter.window
    return { records, next: Math.max(next, 1) }
  }

  recordsAmong(accountId: number, stretch: RecordStretch) {
    return this.#all(trail.recordsAmong(accountId, stretch))
  }

  recordsAfter(accountId: number, after: number, limit: number) {
    return this.#all(trail.recordsAfter(accountId, after, limit))
  }

  countRecords(accountId: number, counting: RecordCounting) {
    return this.#all(trail.countRecords(accountId, counting))
  }

  countReaders(accountId: number, secretId: number, after: number, upTo: number) {
    return this.#all(trail.countReaders(accountId, secretId, after, upTo))
  }

  countUses(accountId: number, match: UseMatch, after: number, upTo: number) {
    return this.#all(trail.countUses(accountId, match, after, upTo))
  }

  async recordsOf(accountId: number, seqs: readonly number[]) {
    return seqs.length === 0 ? [] : this.#all(trail.recordsOf(accountId, seqs))
  }

  async auditSize(accountId: number) {
    return (await this.#first(trail.auditSize(accountId)))?.auditSize ?? 0
  }

  async keyring(make: () => Promise<KeyringRow>): Promise<KeyringRow> {
    const row = (await this.#readKeyring()) ?? (await this.#makeKeyring(make))
    this.#storeId = row.storeId
    return row
  }

  async takeRowKey(key: KeyObject): Promise<void> {
    await this.#engine.takeRowKey({ key, storeId: this.#storeId })
    while (!(await this.#engine.sealStep()));
  }

  async addMasterKey({ version, wrapped }: KeyringRow['masterKeys'][number]): Promise<void> {
    await this.#query(keyrings.addMeta(keyrings.masterKeyName(version), wrapped))
  }

  async replaceMasterKeys(before: KeyringRow['masterKeys'], keys: KeyringRow['masterKeys']): Promise<boolean> {
    for (const { version, wrapped } of keys) {
      const old = before.find((key) => key.version === version)
      const name = keyrings.masterKeyName(version)
      if (old === undefined || (await this.#query(keyrings.replaceMeta(name, old.wrapped, wrapped))).length === 0)
        return false
      // After the one that has it as well: between the two statements it is only there twice.
      if (old.next !== undefined) await this.#query(keyrings.dropMeta(keyrings.masterKeyName(version, true)))
    }
    return true
  }

  wraps(): Promise<Wraps> {
    return this.#count<keyof Wraps>(keyrings.countWraps())
  }

  async objectCounts(now: number) {
    const ask = (query: Query) => this.#query(query)
    const [accounts, keys, secrets, deployments, wraps, webhooks, notIndexed] = await Promise.all([
      this.#count<'all'>(counting.countAccounts()),
      counting.countInStretches(ask, counting.countKeys(now)),
      counting.countInStretches(ask, counting.countSecrets(now)),
      counting.countInStretches(ask, counting.countDeployments()),
      this.wraps(),
      this.webhooks.counts(now),
      this.trailIndex.left(),
    ])
    return { accounts: accounts.all, keys, secrets, deployments, wraps, webhooks, notIndexed }
  }

  async takeAttempt(name: string, max: number, now: number, until: number) {
    const taken = await this.#first(tries.takeAttempt(name, max, now, until))
    if (taken !== undefined) return { until: taken.until, isTaken: true }
    const full = await this.#first(tries.endOfAttempts(name))
    return { until: full?.until ?? now, isTaken: false }
  }

  async giveBackAttempt(name: string, until: number): Promise<void> {
    await this.#query(tries.giveBackAttempt(name, until))
  }

  async forgetAttempts(name: string): Promise<void> {
    await this.#query(tries.forgetAttempts(name))
  }

  async pruneAttempts(now: number): Promise<void> {
    await this.#query(tries.pruneAttempts(now))
  }

  get clock(): Store['clock'] {
    return this.#engine.clock
  }

  get conditions(): Store['conditions'] {
    return this.#engine.conditions
  }

  get trails(): Store['trails'] {
    return this.#engine.trails
  }

  follow(...follower: Parameters<Store['follow']>): () => void {
    return this.#engine.follow(...follower)
  }

  replicated(): Promise<void> {
    return this.#engine.replicated()
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

  probe(): Promise<void> {
    return this.#engine.probe()
  }

  collect(): Promise<void> {
    return this.#engine.collect()
  }

  async close(): Promise<void> {
    this.#disk?.stop()
    await this.#batcher.idle()
    await this.#engine.close()
  }

  async #makeKeyring(make: () => Promise<KeyringRow>): Promise<KeyringRow> {
    await this.#query(keyrings.putKeyring(await make()))
    const made = await this.#readKeyring()
    if (made === undefined) throw new Refusal('integrity_failure', 'The store does not keep its keyring.')
    return made
  }

  async #readKeyring(): Promise<KeyringRow | undefined> {
    const found = await this.#all(keyrings.allMeta())
    const values = new Map(found.map(({ name, value }) => [name, value]))
    const [storeId, canary] = ['store_id', 'canary'].map((name) => values.get(name))
    if (storeId === undefined || canary === undefined) return undefined
    const masterKeys: KeyringRow['masterKeys'][number][] = []
    for (let version = 1; ; version++) {
      const wrapped = values.get(keyrings.masterKeyName(version))
      if (wrapped === undefined) break
      masterKeys.push({ version, wrapped, next: values.get(keyrings.masterKeyName(version, true)) })
    }
    return { storeId: Buffer.from(storeId).toString('hex'), masterKeys, canary }
  }

  /** The one row of a query that counts. */
  async #count<Name extends string>(query: Query): Promise<Record<Name, number>> {
    const [row] = await this.#query(query)
    if (row === undefined) throw new Error('A count without a row.')
    return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])) as Record<Name, number>
  }

  async #first<Model>({ query, read }: Reading<Model>): Promise<Model | undefined> {
    const [row] = await this.#query(query)
    return row === undefined ? undefined : read(row)
  }

  async #all<Model>({ query, read }: Reading<Model>): Promise<readonly Model[]> {
    return (await this.#query(query)).map((row) => read(row))
  }

  #asked(accountId: number): Asked {
    return { accountId, dialect: this.#engine.dialect, query: (query) => this.#query(query) }
  }

  #query(query: Query): ReturnType<Engine['query']> {
    return this.#engine.query(query)
  }
}
