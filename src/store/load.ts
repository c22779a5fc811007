/** Loads the world of a batch: first the accounts, locked, then everything that its requests name in them. */
import type { Account, AccountKey } from '../model/account.ts'
import type { ApiKey } from '../model/api-key.ts'
import { decide } from './decide/decide.ts'
import type { Batch, Outcome, Request, StoredSecret, VersionHead } from './operation.ts'
import { type Changes, type Reply, ref, replyLifetimeMs, replyRef, versionRef, type World } from './world.ts'

/** A row of an account. */
export interface Ref {
  readonly accountId: number
  readonly id: number
}

export interface NameRef {
  readonly accountId: number
  readonly name: string
}

export interface VersionRef extends Ref {
  readonly version: number
}

export interface ReplyRef {
  readonly accountId: number
  readonly keyId: number
  readonly hash: string
}

/** What an engine can do within one open transaction. Called in this order; nothing is asked for an empty list. */
export interface Transaction {
  /** The accounts with these ids and of these API keys, locked until the transaction ends. */
  lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): Result<readonly Account[]>
  /** Milliseconds since 1970, taken under the locks. */
  now(): Result<number>
  keysByToken(tokenHashes: readonly string[]): Result<readonly ApiKey[]>
  /** The current key of each account. */
  accountKeys(ids: readonly number[]): Result<readonly AccountKey[]>
  /** Versions of the account's key that wrap secret keys. */
  accountKeysInUse(accountId: number): Result<readonly number[]>
  keys(refs: readonly Ref[]): Result<readonly ApiKey[]>
  secrets(refs: readonly Ref[]): Result<readonly StoredSecret[]>
  /** The secrets of these names, as far as they exist. */
  named(refs: readonly NameRef[]): Result<readonly (NameRef & Ref)[]>
  /** All versions of these secrets, oldest first. */
  versions(refs: readonly Ref[]): Result<readonly (Ref & VersionHead)[]>
  sealed(refs: readonly VersionRef[]): Result<readonly (VersionRef & { readonly sealed: Uint8Array })[]>
  replies(refs: readonly ReplyRef[], since: number): Result<readonly Reply[]>
  /** Locks the making of accounts, and says which of the names are taken and what the next id is. */
  newAccounts(names: readonly string[]): Result<{ readonly taken: readonly string[]; readonly nextId: number }>
  apply(changes: Changes, keepVersions: number): Result<void>
}

type Result<T> = T | Promise<T>

export interface Setting {
  readonly storeId: string
  readonly keepVersions: number
}

/** Runs a batch within an open transaction, which the engine then commits. */
export async function execute(tx: Transaction, batch: Batch, setting: Setting): Promise<Outcome[]> {
  const world = await load(tx, batch, setting)
  const { outcomes, changes } = decide(batch.requests, world)
  await tx.apply(changes, setting.keepVersions)
  return outcomes
}

async function load(tx: Transaction, { requests, now }: Batch, { storeId, keepVersions }: Setting): Promise<World> {
  const hashes = unique(requests.flatMap(({ caller }) => (caller.kind === 'token' ? [caller.hash] : [])))
  const hostIds = unique(requests.flatMap(({ caller }) => (caller.kind === 'token' ? [] : [caller.accountId])))
  // Asked at once and answered in order: the keys are read when the locks are held.
  const [accounts, byToken, time] = await Promise.all([
    tx.lockAccounts(hostIds, hashes),
    hashes.length === 0 ? [] : tx.keysByToken(hashes),
    now ?? tx.now(),
  ])
  const keysByToken = index(byToken, (key) => key.tokenHash)
  const keys = index(byToken, (key) => ref(key.accountId, key.id))
  const world: World = {
    storeId,
    now: time,
    accounts: index(accounts, (account) => account.id),
    accountKeys: new Map(),
    accountKeysInUse: new Map(),
    keysByToken,
    keys,
    secrets: new Map(),
    names: new Map(),
    replies: new Map(),
    versions: new Map(),
    sealed: new Map(),
    keepVersions,
    accountNames: new Set(),
    nextAccountId: 0,
  }
  return loadRows(tx, requests, world)
}

/** The rows that the requests name, in the accounts that their callers belong to. All are asked for at once. */
async function loadRows(tx: Transaction, requests: readonly Request[], world: World): Promise<World> {
  const needs = new Needs()
  for (const { caller, operation } of requests) {
    const key = caller.kind === 'token' ? world.keysByToken.get(caller.hash) : undefined
    needs.add(caller.kind === 'token' ? key?.accountId : caller.accountId, key?.id ?? 0, operation)
  }
  await Promise.all([
    loadAccountKeys(tx, needs, world),
    loadKeys(tx, needs, world),
    loadSecrets(tx, needs, world),
    loadNames(tx, needs, world),
    loadHistories(tx, needs, world),
    loadSealed(tx, needs, world),
    loadReplies(tx, needs, world),
  ])
  if (needs.accountNames.size === 0) return world
  const { taken, nextId } = await tx.newAccounts([...needs.accountNames])
  return { ...world, accountNames: new Set(taken), nextAccountId: nextId }
}

async function loadAccountKeys(tx: Transaction, { accountKeys, keysInUse }: Needs, world: World): Promise<void> {
  if (accountKeys.size > 0) {
    for (const key of await tx.accountKeys([...accountKeys])) world.accountKeys.set(key.accountId, key)
  }
  for (const accountId of keysInUse) {
    world.accountKeysInUse.set(accountId, new Set(await tx.accountKeysInUse(accountId)))
  }
}

async function loadKeys(tx: Transaction, { keys }: Needs, world: World): Promise<void> {
  if (keys.size === 0) return
  for (const key of await tx.keys([...keys.values()])) world.keys.set(ref(key.accountId, key.id), key)
}

async function loadSecrets(tx: Transaction, { secrets }: Needs, world: World): Promise<void> {
  if (secrets.size === 0) return
  for (const stored of await tx.secrets([...secrets.values()])) {
    const { accountId, id, name } = stored.secret
    world.secrets.set(ref(accountId, id), stored)
    world.names.set(ref(accountId, name), id)
  }
}

async function loadNames(tx: Transaction, { names }: Needs, world: World): Promise<void> {
  if (names.size === 0) return
  for (const { accountId, name, id } of await tx.named([...names.values()])) world.names.set(ref(accountId, name), id)
}

async function loadHistories(tx: Transaction, { histories }: Needs, world: World): Promise<void> {
  if (histories.size === 0) return
  for (const { accountId, id, version, createdAt } of await tx.versions([...histories.values()])) {
    const at = ref(accountId, id)
    world.versions.set(at, [...(world.versions.get(at) ?? []), { version, createdAt }])
  }
}

async function loadSealed(tx: Transaction, { sealed }: Needs, world: World): Promise<void> {
  if (sealed.size === 0) return
  for (const row of await tx.sealed([...sealed.values()])) {
    world.sealed.set(versionRef(row.accountId, row.id, row.version), row.sealed)
  }
}

async function loadReplies(tx: Transaction, { replies }: Needs, world: World): Promise<void> {
  if (replies.size === 0) return
  for (const reply of await tx.replies([...replies.values()], world.now - replyLifetimeMs)) {
    world.replies.set(replyRef(reply.accountId, reply.keyId, reply.hash), reply)
  }
}

/** Which rows the operations name. */
class Needs {
  readonly secrets = new Map<string, Ref>()
  readonly names = new Map<string, NameRef>()
  readonly keys = new Map<string, Ref>()
  readonly replies = new Map<string, ReplyRef>()
  readonly histories = new Map<string, Ref>()
  readonly sealed = new Map<string, VersionRef>()
  readonly accountKeys = new Set<number>()
  readonly keysInUse = new Set<number>()
  readonly accountNames = new Set<string>()

  add(accountId: number | undefined, keyId: number, operation: Request['operation']): void {
    if (operation.kind === 'create_account') this.accountNames.add(operation.name)
    if (accountId === undefined) return
    switch (operation.kind) {
      case 'authenticate':
        this.accountKeys.add(accountId)
        return
      case 'read_secret':
      case 'prepare_secret':
      case 'update_secret':
      case 'delete_secret':
        this.secrets.set(ref(accountId, operation.id), { accountId, id: operation.id })
        break
      case 'list_versions':
      case 'restore_version':
        this.#history(accountId, operation.id)
        break
      case 'read_version':
      case 'prepare_version': {
        const { id, version } = operation
        this.#history(accountId, id)
        this.sealed.set(versionRef(accountId, id, version), { accountId, id, version })
        break
      }
      case 'add_account_key':
        this.accountKeys.add(accountId)
        return
      case 'drop_account_key':
        this.accountKeys.add(accountId)
        this.keysInUse.add(accountId)
        return
      case 'rewrap_secret_keys':
        for (const { id } of operation.keys) this.secrets.set(ref(accountId, id), { accountId, id })
        return
      case 'create_secret':
        this.accountKeys.add(accountId)
        this.names.set(ref(accountId, operation.name), { accountId, name: operation.name })
        break
      case 'read_key':
      case 'prepare_key':
      case 'rotate_key':
      case 'revoke_key':
        this.keys.set(ref(accountId, operation.id), { accountId, id: operation.id })
        return
      default:
        return
    }
    if ('idempotency' in operation && operation.idempotency !== undefined) {
      const { hash } = operation.idempotency
      this.replies.set(replyRef(accountId, keyId, hash), { accountId, keyId, hash })
    }
  }

  #history(accountId: number, id: number): void {
    this.secrets.set(ref(accountId, id), { accountId, id })
    this.histories.set(ref(accountId, id), { accountId, id })
  }
}

function index<Key, Row>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row> {
  return new Map(rows.map((row) => [keyOf(row), row]))
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
