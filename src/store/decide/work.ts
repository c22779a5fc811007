/** One batch being decided: the world, what will be written, and how an operation ends and is recorded. */
import { nextHead } from '../../audit/chain.ts'
import {
  type Action,
  type Aside,
  type AuditObject,
  type AuditRecord,
  formatOf,
  type RecordedCode,
  type RecordedOutcome,
  type ShutOut,
} from '../../audit/record.ts'
import type { Code, FieldFault } from '../../errors.ts'
import type { Account } from '../../model/account.ts'
import type { ApiKey } from '../../model/api-key.ts'
import { defaultEnvironment, type EnvironmentRef } from '../../model/environment.ts'
import type { Principal } from '../../model/principal.ts'
import type { Right, Scope } from '../../model/scope.ts'
import type { User } from '../../model/user.ts'
import type { Asked } from '../caller.ts'
import type { SealedRows, SealedTable, Unsealed } from '../coverage.ts'
import type { Outcome, Refused } from '../outcome.ts'
import type { Rows } from '../rows.ts'
import type { StoredSecret, Within } from '../stored.ts'
import { accounts } from '../tables/account.ts'
import { audit } from '../tables/record.ts'
import { storedSecrets } from '../tables/secret.ts'
import type { World } from '../world.ts'
import { decoyOf, endReader, noteRead } from './decoys.ts'
import { lacking } from './wording.ts'

type Secret = SealedRows['secrets']

export interface Work {
  readonly world: World
}

/** A request whose caller is known, before it is known in which environment it is carried out. */
export interface UnplacedCall {
  readonly work: Work
  readonly request: Pick<Asked, 'requestId' | 'address' | 'environment'>
  readonly account: Account
  readonly principal: Principal
  readonly key: ApiKey | undefined
  /** Whose session it is, or who begins one. */
  readonly user?: User | undefined
  readonly scopes: readonly Scope[]
  readonly action: Action
}

/** A request that is carried out (`environment.ts`). */
export interface Call extends UnplacedCall {
  /** Where what it names is looked up, and rights are held against; `default` for what is about the account. */
  readonly environment: EnvironmentRef
  /** Whether that one was meant, and not where the thing is that it is about. */
  readonly isMeant: boolean
  /** Whether it is in an environment at all. */
  readonly isPlaced: boolean
}

/** What is said of an environment that is not there, and of one that the caller may not see. */
export const noEnvironment = 'No environment of this name, or none that you may see.'

/** What the pages of a listing may be read by. */
export interface Listing {
  readonly accountId: number
  readonly scopes: readonly Scope[]
  readonly environment: EnvironmentRef
  readonly within: Within
}

/** Lets pages be read, with a record of that. */
export function authorizeListing(call: Call): Outcome<Listing> {
  return done(call, null, listingOf(call))
}

export function listingOf({ account, scopes, environment }: Call): Listing {
  const { id, name } = environment
  return {
    accountId: account.id,
    scopes,
    environment: { id, name },
    within: { accountId: account.id, environmentId: id },
  }
}

/** Ends an operation well, with its record. */
export function done<Result>(
  call: Call,
  object: AuditObject | null,
  result: Result,
  outcome: RecordedOutcome = 'ok',
  aside?: Aside,
): Outcome<Result> {
  record(call, object, outcome, aside)
  return { kind: 'done', result }
}

/** What was done, with the environment that it was done in, if that is another than `default`. */
export function doneIn<Result>({ isPlaced, environment }: Call, outcome: Outcome<Result>): Outcome<Result> {
  const isElsewhere = isPlaced && environment.id !== defaultEnvironment.id
  return isElsewhere && outcome.kind === 'done' ? { ...outcome, environment: environment.name } : outcome
}

/** Ends an operation with a refusal, with its record. */
export function refuse(
  call: Call,
  object: AuditObject | null,
  code: RecordedCode,
  message: string,
  right?: Right,
): Refused {
  record(call, object, code)
  return refused(code, message, right)
}

export function refused(code: Code, message: string, right?: Right): Refused {
  return right === undefined ? { kind: 'refused', code, message } : { kind: 'refused', code, message, right }
}

/** Ends an operation of somebody who is not let in at all, with a record or a count that the vault makes. */
export function shutOut(
  call: UnplacedCall,
  object: AuditObject | null,
  outcome: RecordedCode,
  message: string,
): Refused {
  return { ...refused(outcome, message), shutOut: shutOutOf(call, object, outcome) }
}

export function shutOutOf(call: UnplacedCall, object: AuditObject | null, outcome: RecordedCode): ShutOut {
  const { account, principal, action } = call
  return { accountId: account.id, principal, action, object, outcome }
}

/** Ends an operation with a refusal that names what is at fault, with its record. */
export function refuseField(call: Call, object: AuditObject | null, code: RecordedCode, field: FieldFault): Refused {
  return { ...refuse(call, object, code, field.detail), fields: [field] }
}

/** What is at fault with a name that the caller has no right for. */
export function lackingName({ principal }: Call, right: Right): string {
  return lacking(principal, right, 'this name')
}

/** 403 for a right that the caller does not have. */
export function forbid(call: Call, object: AuditObject | null, right: Right): Refused {
  return refuse(call, object, 'forbidden', lacking(call.principal, right), right)
}

/** Whether something says that whoever asks has made it. */
export function isMadeBy({ principal }: UnplacedCall, maker: Principal | null): boolean {
  return maker?.kind === principal.kind && maker.id === principal.id && maker.name === principal.name
}

/**
 * Appends the operation's record to its account's chain. A value that leaves is recorded here, however it does: so here it shows
 * whether it is a decoy's.
 *
 * @param aside what the record is besides, for those who manage the account
 */
export function record(call: Call, object: AuditObject | null, outcome: RecordedOutcome, aside?: Aside): void {
  const decoy = decoyOf(call, object, outcome)
  append(call, object, outcome, decoy === null ? (aside ?? null) : 'decoy.read')
  if (decoy === null) return
  noteRead(call, object)
  const ended = decoy === 'revoke' ? endReader(call) : undefined
  if (ended !== undefined) append({ ...call, ...ended, isPlaced: false }, ended.object, 'ok', null)
}

function append(call: Call, object: AuditObject | null, outcome: RecordedOutcome, aside: Aside | null): void {
  const { work, request, principal, action, environment, isPlaced } = call
  const account = work.world.get(accounts, call.account.id) ?? call.account
  const environmentId = isPlaced && environment.id !== defaultEnvironment.id ? environment.id : null
  const entry: AuditRecord = {
    accountId: account.id,
    seq: account.auditSize + 1,
    // A clock that steps back must not reorder the trail.
    time: Math.max(work.world.now, account.auditAt),
    principal,
    action,
    object,
    outcome,
    requestId: request.requestId,
    address: request.address,
    format: formatOf({ environmentId }),
    environmentId,
  }
  // Where it stands is found as it is appended.
  const head = work.world.isShared ? account.auditHead : nextHead(account.auditHead, entry)
  work.world.add(audit, { ...entry, head, aside })
  if (work.world.isShared) return
  // What its MAC covers stays, and so does the MAC.
  work.world.put(accounts, { ...account, auditSize: entry.seq, auditHead: head, auditAt: entry.time })
}

export function putAccount(work: Work, account: Unsealed<Account>): void {
  put(work, accounts, account)
}

/** A row as it is from now on, with the MAC that belongs to it. */
export function put<Name extends SealedTable>(
  { world }: Work,
  table: Table<Name>,
  unsealed: Unsealed<SealedRows[Name]>,
): SealedRows[Name] {
  // The border between rows of any table and those of one: a row is what it was, and its MAC.
  const row = world.macs.seal(table.name, unsealed) as unknown as SealedRows[Name]
  world.put(table, row)
  return row
}

interface Table<Name extends SealedTable> extends Rows<SealedRows[Name], SealedRows[Name], never> {
  readonly name: Name
}

/** A secret before its MAC is made. */
export type UnsealedSecret = Omit<StoredSecret, 'secret'> & { readonly secret: Unsealed<Secret> }

export function putSecret({ world }: Work, unsealed: UnsealedSecret): StoredSecret {
  const stored = { ...unsealed, secret: world.macs.seal('secrets', unsealed.secret) }
  world.put(storedSecrets, stored)
  return stored
}
