/** What every use case needs, and how it asks the store. */

import type { Action, AuditObject } from '../audit/record.ts'
import type { Keyring } from '../crypto/keyring.ts'
import type { RootFinding } from '../crypto/master-key.ts'
import { Refusal } from '../errors.ts'
import type { AccountKey } from '../model/account.ts'
import { defaultEnvironment } from '../model/environment.ts'
import type { Lease } from '../model/lease.ts'
import type { Issuers } from '../oidc/issuers.ts'
import type { Asked, Meant } from '../store/caller.ts'
import { rowText, type SealedRows, type SealedTable } from '../store/coverage.ts'
import { forgedRow } from '../store/forged.ts'
import type { Idempotency } from '../store/naming.ts'
import { isPlaced, type Kind, type OnceKind, type Op, type Outcome, type Results } from '../store/operation.ts'
import type { Store } from '../store/store.ts'
import type { ArchivedFiles } from './archived-files.ts'
import type { Attempts } from './attempts.ts'
import type { CustomerGuards } from './customer-guards.ts'
import type { Listeners } from './listeners.ts'
import type { PasswordCost } from './passwords.ts'
import { type Repeats, recordShutOut } from './repeats.ts'

export interface Vault {
  readonly store: Store
  readonly keyring: Keyring
  /** Takes up versions of the master key that were made since the store was opened. */
  readonly learnMasterKeys: () => Promise<void>
  /** What accounts keep their keys with that have a provider of their own. */
  readonly customerKeys: CustomerGuards
  /** Has every root key of the settings open the store, which tells how each is. */
  readonly findRootKeys: () => Promise<readonly RootFinding[]>
  /** Milliseconds since 1970, by the clock of the store, which batches are judged by too. */
  readonly now: () => number
  /** The longest value, in bytes of UTF-8. */
  readonly maxValueBytes: number
  /** The longest file, in bytes. */
  readonly maxFileBytes: number
  /** What new passwords are hashed with. */
  readonly passwordCost: PasswordCost
  /** What API keys have led to, by look-up hash: accounts, which keys never change. Not a permission. */
  readonly identities: Map<string, Identity>
  /** Of passwords, codes and links, over all nodes. */
  readonly attempts: Attempts
  /** Refusals of whoever is not let in, which are counted where they are repeated; on this node. */
  readonly repeats: Repeats
  /** Whose tokens are traded for keys: where they keep their own. */
  readonly issuers: Issuers
  /** Where records of the trail are that left the database. */
  readonly archive: ArchivedFiles
  /** Who listens to events on this node. */
  readonly listeners: Listeners
  /** Sends to where users say, as far as that may be reached. */
  readonly post: Post
  /** Why nothing would be sent there now, as far as that is found out in a moment. */
  readonly barrierOf: (url: string) => Promise<Barrier | undefined>
  /** The last update on its way for each secret. */
  readonly turns: Map<string, Promise<unknown>>
  /** Long work on its way on this node (`alone`). */
  readonly running: Set<string>
  /** Told of every failed integrity check, for the metrics and the log. */
  onIntegrityFailure: (what: AuditObject['kind']) => void
}

/** @returns what was answered, or why nothing was */
export type Post = (posting: {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}) => Promise<{ readonly status: number | null; readonly retryAfter: string | null; readonly fault: string | null }>

/** Why the server sends nothing to a URL. */
export interface Barrier {
  /** As a delivery names it. */
  readonly fault: string
  /** A sentence for people. */
  readonly detail: string
}

/** Who asks, in which request, from where. */
export interface Asker {
  readonly caller:
    | { readonly kind: 'token'; readonly hash: string }
    /** Without a key, from this address (`addressHex`). */
    | { readonly kind: 'machine'; readonly address: string }
    /** With the token of a seed. */
    | { readonly kind: 'seed'; readonly hash: string }
    /** Whom the vault has recognized itself. */
    | { readonly kind: 'user'; readonly accountId: number; readonly userId: number; readonly name: string }
    /** A job with a token of its issuer, under a trust rule; 0 while none is found. */
    | { readonly kind: 'workload'; readonly accountId: number; readonly ruleId: number; readonly name: string }
    /** Whoever runs a command that asks for a key, on a computer of this name. */
    | { readonly kind: 'stranger'; readonly accountId: number; readonly host: string }
    /** With the device code of a login. */
    | { readonly kind: 'login'; readonly hash: string }
    /** With a wrapping token, and perhaps an API key. */
    | { readonly kind: 'wrapping'; readonly hash: string; readonly by: string | undefined }
    | { readonly kind: 'host'; readonly accountId: number; readonly name: string }
  readonly requestId: string
  readonly address: string
  /** Through which API. */
  readonly api?: Asked['api']
  /** With an `Idempotency-Key`: what is made is made once. */
  readonly repeat?: Repeat | undefined
  /** What the request says of environments. */
  readonly environment?: Meant | undefined
  /** Told of the environment, by its name, in which something was done that is in one. */
  readonly onEnvironment?: ((name: string) => void) | undefined
  /** Under which it is asked: outdated where that is lost. */
  readonly lease?: Lease | undefined
}

/** The same in one environment alone: nothing is found in a base of it, or elsewhere. */
export function onlyIn(asker: Asker, name: string): Asker {
  return { ...asker, environment: { name, isStrict: true } }
}

/** What tells a request that comes again from another one. */
export interface Repeat {
  /** The caller's word for it. */
  readonly key: string
  /** All that is asked: the same each time. */
  readonly request: readonly unknown[]
}

/** What the asker's key leads to. Not a permission: every operation checks the key again. */
export type Identity = Results['authenticate']

const maxRemembered = 10_000
const maxTries = 5

/** @throws Refusal `unauthenticated` */
export async function authenticate(vault: Vault, asker: Asker): Promise<Identity> {
  for (let tries = 1; ; tries++) {
    const identity = await ask(vault, asker, { kind: 'authenticate' })
    const { accountId, accountKey, key } = identity
    await learnKeyOf(vault, accountKey)
    // Its customer may have set another guard since it was read: then it is sealed under that one, and this opens nothing.
    const isNow = vault.keyring.knowsGuard(accountId, accountKey)
    // What a user may do can change, and what an API key may does not.
    const isKey = asker.caller.kind === 'token' && key?.userId === null
    if (isNow && isKey) remember(vault.identities, asker.caller.hash, identity)
    if (isNow || tries === maxTries) return identity
  }
}

/**
 * Makes sure that an account's key can be unwrapped: the master key may have been replaced, or its customer's set, by another
 * process too. What is closed stays closed.
 */
export async function learnKeyOf(vault: Vault, accountKey: AccountKey): Promise<void> {
  if (!vault.keyring.knows(accountKey)) await vault.learnMasterKeys()
  const { accountId } = accountKey
  if (!vault.keyring.knowsGuard(accountId, accountKey)) await vault.customerKeys.learn(accountId)
}

/**
 * What the asker's key led to when it was last seen to be good. It may have ended since: what is asked with it finds
 * out. The account's key may have been replaced since: what is sealed with it is then outdated.
 */
export function presumedIdentity({ identities }: Vault, { caller }: Asker): Identity | undefined {
  return caller.kind === 'token' ? identities.get(caller.hash) : undefined
}

/** What makes something may have been done by an earlier request: it is asked by `askOnce`. */
type OftenKind = Exclude<Kind, OnceKind>

/** Carries out an operation that nothing can outdate. */
export async function ask<K extends OftenKind>(vault: Vault, asker: Asker, operation: Op<K>): Promise<Results[K]> {
  const answer = await tryAsk(vault, asker, operation)
  return answer === outdated ? cannotBe(operation) : answer
}

/** What was made, and whether an earlier request under the same `Idempotency-Key` made it. */
export interface MadeOnce<T> {
  readonly result: T
  readonly isReplayed: boolean
}

/** The same for what makes something. */
export async function askOnce<K extends OnceKind>(
  vault: Vault,
  asker: Asker,
  operation: Op<K>,
): Promise<MadeOnce<Results[K]>> {
  const answer = await tryAskOnce(vault, asker, operation)
  return answer === outdated ? cannotBe(operation) : answer
}

function cannotBe({ kind }: { readonly kind: string }): never {
  throw new Error(`Nothing can outdate ${kind}.`)
}

/** The row was changed since it was prepared. */
export const outdated = Symbol('outdated')

/** @throws Refusal as the store refused */
export async function tryAsk<K extends OftenKind>(
  vault: Vault,
  asker: Asker,
  operation: Op<K>,
): Promise<Results[K] | typeof outdated> {
  const outcome = await submit(vault, asker, operation, undefined)
  return outcome === outdated ? outdated : outcome.result
}

/** @throws Refusal as the store refused; `idempotency_mismatch` */
export async function tryAskOnce<K extends OnceKind>(
  vault: Vault,
  asker: Asker,
  operation: Op<K>,
): Promise<MadeOnce<Results[K]> | typeof outdated> {
  const outcome = await submit(vault, asker, operation, idempotencyOf(vault, asker))
  return outcome === outdated ? outdated : { result: outcome.result, isReplayed: outcome.isReplayed === true }
}

/** Carries out what the server does by itself in an account, for a request or for none. @throws Refusal as the store refused */
export async function bySystem<K extends OftenKind>(
  vault: Vault,
  { requestId, address }: Pick<Asker, 'requestId' | 'address'>,
  accountId: number,
  operation: Op<K>,
  lease?: Lease,
): Promise<Results[K] | typeof outdated> {
  const caller = { kind: 'system', accountId } as const
  const outcome = await vault.store.submit<K>({ caller, requestId, address, operation, lease })
  switch (outcome.kind) {
    case 'done':
      return outcome.result
    case 'outdated':
      return outdated
    case 'forged':
      throw await integrityFailure(vault, { requestId, address }, accountId, outcome.action, outcome.object)
    default:
      throw new Refusal(outcome.code, outcome.message)
  }
}

/** What was asked for, or nothing where it is not there. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Refusal && error.code === 'not_found') return undefined
    throw error
  }
}

function idempotencyOf({ keyring }: Vault, { repeat, environment }: Asker): Idempotency | undefined {
  if (repeat === undefined) return undefined
  const { key, request } = repeat
  // What is asked in another environment is another request.
  const asked = environment?.name === undefined ? request : [...request, { environment: environment.name }]
  return {
    hash: keyring.requestHash(`key ${key}`),
    fingerprint: keyring.requestHash(`request ${JSON.stringify(asked)}`),
  }
}

async function submit<K extends Kind>(
  vault: Vault,
  asker: Asker,
  operation: Op<K>,
  idempotency: Idempotency | undefined,
): Promise<Extract<Outcome<K>, { readonly kind: 'done' }> | typeof outdated> {
  const { caller, requestId, address, api, environment, onEnvironment, lease } = asker
  const outcome = await vault.store.submit<K>({
    ...{ caller, requestId, address, api, operation, lease },
    ...(idempotency === undefined ? {} : { idempotency }),
    ...(environment === undefined ? {} : { environment }),
  })
  switch (outcome.kind) {
    case 'done':
      if (onEnvironment !== undefined && isPlaced(operation)) {
        onEnvironment(outcome.environment ?? defaultEnvironment.name)
      }
      return outcome
    case 'outdated':
      return outdated
    case 'refused':
      if (outcome.code === 'unauthenticated' && caller.kind === 'token') vault.identities.delete(caller.hash)
      if (outcome.shutOut !== undefined) await recordShutOut(vault, asker, outcome.shutOut)
      throw new Refusal(outcome.code, outcome.message, { fields: outcome.fields ?? [] })
    case 'forged':
      throw await integrityFailure(vault, asker, outcome.accountId, outcome.action, outcome.object)
  }
}

function remember<T>(known: Map<string, T>, name: string, fact: T): void {
  if (known.size >= maxRemembered) known.clear()
  known.set(name, fact)
}

/**
 * Checks a row that was read outside of an operation, which checks its own.
 *
 * @throws Refusal `integrity_failure`
 */
export async function verify<Table extends SealedTable>(
  vault: Vault,
  asker: Pick<Asker, 'requestId' | 'address'>,
  table: Table,
  row: SealedRows[Table],
  action: Action,
): Promise<void> {
  if (vault.keyring.isRowMac(rowText(table, row), row.mac)) return
  throw await forgery(vault, asker, table, row, action)
}

function forgery<Table extends SealedTable>(
  vault: Vault,
  asker: Pick<Asker, 'requestId' | 'address'>,
  table: Table,
  row: SealedRows[Table],
  action: Action,
): Promise<Refusal> {
  const { accountId, object } = forgedRow(table, row)
  return integrityFailure(vault, asker, accountId, action, object)
}

/** Checks rows that were read outside of an operation. @throws Refusal `integrity_failure` of the first that is not authentic */
export async function verifyAll<Table extends SealedTable>(
  vault: Vault,
  asker: Pick<Asker, 'requestId' | 'address'>,
  table: Table,
  rows: readonly SealedRows[Table][],
  action: Action,
): Promise<void> {
  const forged = rows.find((row) => !vault.keyring.isRowMac(rowText(table, row), row.mac))
  if (forged !== undefined) throw await forgery(vault, asker, table, forged, action)
}

/** Whether it is refused because the key that an account keeps itself is not available. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'account_key_unavailable'
}

/** Records that values of an account were asked for while the key that it keeps itself is not available: once for a request. */
export function recordUnavailable(
  vault: Vault,
  { requestId, address }: Pick<Asker, 'requestId' | 'address'>,
  accountId: number,
  action: Action,
  object: AuditObject | null,
): Promise<void> {
  return vault.customerKeys.recordOnce(requestId, async () => {
    const operation = { kind: 'record', action, object, outcome: 'account_key_unavailable' } as const
    await vault.store.submit<'record'>({ caller: { kind: 'system', accountId }, requestId, address, operation })
  })
}

/** Records that stored data failed its check. The refusal to throw says nothing of what or how. */
export async function integrityFailure(
  vault: Vault,
  { requestId, address }: Pick<Asker, 'requestId' | 'address'>,
  accountId: number,
  action: Action,
  object: AuditObject,
): Promise<Refusal> {
  vault.onIntegrityFailure(object.kind)
  await vault.store.submit<'record'>({
    caller: { kind: 'system', accountId },
    requestId,
    address,
    operation: { kind: 'record', action, object, outcome: 'integrity_failure' },
  })
  return new Refusal(
    'integrity_failure',
    'Stored data failed its integrity check and was not used. Ask the operator to run "strongroom audit verify".',
  )
}
