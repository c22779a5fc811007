/** One batch being decided: the world, what will be written, and how an operation ends and is recorded. */
import { nextHead } from '../../audit/chain.ts'
import {
  type Action,
  type AuditObject,
  type AuditRecord,
  type RecordedCode,
  type RecordedOutcome,
  recordFormat,
  type ShutOut,
} from '../../audit/record.ts'
import type { Code, FieldFault } from '../../errors.ts'
import type { Account } from '../../model/account.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { Deployment } from '../../model/deployment.ts'
import { type AccountSettings, type Machine, rangesOf } from '../../model/machine.ts'
import type { Principal } from '../../model/principal.ts'
import type { Right, Scope } from '../../model/scope.ts'
import type { Asked } from '../caller.ts'
import type { SealedRows, Unsealed } from '../coverage.ts'
import type { Outcome, Refused } from '../outcome.ts'
import type { StoredSecret, UsedToken } from '../stored.ts'
import { type Changes, type Fate, ref, replyRef, usedRef, type World } from '../world.ts'

type Secret = SealedRows['secrets']
type SignInRules = SealedRows['sign_in_rules']
type Reply = SealedRows['replies']
type Factor = SealedRows['factors']
type List = SealedRows['lists']
type Seed = SealedRows['seeds']
type TrustRule = SealedRows['trust_rules']
type User = SealedRows['users']

export interface Work {
  readonly world: World
  readonly changes: Changes
}

/** A request whose caller is known. */
export interface Call {
  readonly work: Work
  readonly request: Pick<Asked, 'requestId' | 'address'>
  readonly account: Account
  readonly principal: Principal
  readonly key: ApiKey | undefined
  /** Whose session it is, or who begins one. */
  readonly user?: User | undefined
  readonly scopes: readonly Scope[]
  readonly action: Action
}

/** What the pages of a listing may be read by. */
export interface Listing {
  readonly accountId: number
  readonly scopes: readonly Scope[]
}

/** Lets pages be read, with a record of that. */
export function authorizeListing(call: Call): Outcome<Listing> {
  return done(call, null, { accountId: call.account.id, scopes: call.scopes })
}

export function emptyChanges(): Changes {
  return {
    secrets: new Map(),
    lists: new Map(),
    machines: new Map(),
    settings: new Map(),
    users: new Map(),
    deployments: new Map(),
    seeds: new Map(),
    trustRules: new Map(),
    usedTokens: [],
    workloads: new Set(),
    factors: new Map(),
    spent: [],
    rules: new Map(),
    renamed: [],
    versions: [],
    keys: new Map(),
    accounts: new Map(),
    accountKeys: [],
    changedAccountKeys: new Map(),
    droppedAccountKeys: [],
    rewrapped: [],
    replies: [],
    records: [],
  }
}

/** Ends an operation well, with its record. */
export function done<Result>(
  call: Call,
  object: AuditObject | null,
  result: Result,
  outcome: RecordedOutcome = 'ok',
): Outcome<Result> {
  record(call, object, outcome)
  return { kind: 'done', result }
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
export function shutOut(call: Call, object: AuditObject | null, outcome: RecordedCode, message: string): Refused {
  return { ...refused(outcome, message), shutOut: shutOutOf(call, object, outcome) }
}

export function shutOutOf(call: Call, object: AuditObject | null, outcome: RecordedCode): ShutOut {
  const { account, principal, action } = call
  return { accountId: account.id, principal, action, object, outcome }
}

/** Ends an operation with a refusal that names what is at fault, with its record. */
export function refuseField(call: Call, object: AuditObject | null, code: RecordedCode, field: FieldFault): Refused {
  return { ...refuse(call, object, code, field.detail), fields: [field] }
}

/** 403 for a right that the caller's key does not have. */
export function forbid(call: Call, object: AuditObject | null, right: Right): Refused {
  return refuse(call, object, 'forbidden', `This API key lacks the scope ${right} for this.`, right)
}

/** Whether something says that whoever asks has made it. */
export function isMadeBy({ principal }: Call, maker: Principal | null): boolean {
  return maker?.kind === principal.kind && maker.id === principal.id && maker.name === principal.name
}

/** Appends the operation's record to its account's chain. */
export function record(call: Call, object: AuditObject | null, outcome: RecordedOutcome): void {
  const { work, request, principal, action } = call
  const account = work.world.accounts.get(call.account.id) ?? call.account
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
    format: recordFormat,
  }
  const head = nextHead(account.auditHead, entry)
  work.changes.records.push({ record: entry, head })
  // What its MAC covers stays, and so does the MAC.
  keepAccount(work, { ...account, auditSize: entry.seq, auditHead: head, auditAt: entry.time })
}

export function putAccount(work: Work, account: Unsealed<Account>): void {
  keepAccount(work, work.world.macs.seal('accounts', account))
}

function keepAccount({ world, changes }: Work, account: Account): void {
  putRow(changes.accounts, world.accounts, account.id, account)
}

/** A row as it is from now on, made or changed, for what follows in the batch and for what is written at its end. */
function putRow<At, Row>(changes: Map<At, Fate<Row>>, rows: Map<At, Row>, at: At, row: Row): void {
  changes.set(at, { existed: changes.get(at)?.existed ?? rows.has(at), row })
  rows.set(at, row)
}

function removeRow<At, Row>(changes: Map<At, Fate<Row>>, rows: Map<At, Row>, at: At): void {
  changes.set(at, { existed: changes.get(at)?.existed ?? true, row: null })
  rows.delete(at)
}

/** A secret before its MAC is made. */
export type UnsealedSecret = Omit<StoredSecret, 'secret'> & { readonly secret: Unsealed<Secret> }

export function putSecret({ world, changes }: Work, unsealed: UnsealedSecret): StoredSecret {
  const stored = { ...unsealed, secret: world.macs.seal('secrets', unsealed.secret) }
  const { accountId, id, name } = stored.secret
  const at = ref(accountId, id)
  const before = world.secrets.get(at)
  if (before !== undefined && before.secret.name !== name) {
    world.names.delete(ref(accountId, before.secret.name))
    changes.renamed.push({ table: 'secrets', accountId, id })
  }
  putRow(changes.secrets, world.secrets, at, stored)
  world.names.set(ref(accountId, name), id)
  return stored
}

export function removeSecret({ world, changes }: Work, { secret }: StoredSecret): void {
  removeRow(changes.secrets, world.secrets, ref(secret.accountId, secret.id))
  world.names.delete(ref(secret.accountId, secret.name))
}

export function putList({ world, changes }: Work, unsealed: Unsealed<List>): List {
  const list = world.macs.seal('lists', unsealed)
  const { accountId, id, name } = list
  const at = ref(accountId, id)
  const before = world.lists.get(at)
  if (before !== undefined && before.name !== name) {
    world.listNames.delete(ref(accountId, before.name))
    changes.renamed.push({ table: 'lists', accountId, id })
  }
  putRow(changes.lists, world.lists, at, list)
  world.listNames.set(ref(accountId, name), id)
  return list
}

export function removeList({ world, changes }: Work, { accountId, id, name }: List): void {
  removeRow(changes.lists, world.lists, ref(accountId, id))
  world.listNames.delete(ref(accountId, name))
}

export function putUser({ world, changes }: Work, unsealed: Unsealed<User>): User {
  const user = world.macs.seal('users', unsealed)
  putRow(changes.users, world.users, ref(user.accountId, user.id), user)
  if (user.email !== null) world.emails.set(ref(user.accountId, user.email), user.id)
  return user
}

export function removeUser({ world, changes }: Work, { accountId, id, email }: User): void {
  removeRow(changes.users, world.users, ref(accountId, id))
  if (email !== null) world.emails.delete(ref(accountId, email))
}

export function putMachine({ world, changes }: Work, unsealed: Unsealed<Machine>): Machine {
  const machine = world.macs.seal('machines', unsealed)
  const { accountId, id } = machine
  putRow(changes.machines, world.machines, ref(accountId, id), machine)
  world.claims.push(...rangesOf(machine).map(({ first, last }) => ({ first, last, accountId, machineId: id })))
  return machine
}

export function putSettings({ world, changes }: Work, unsealed: Unsealed<AccountSettings>): AccountSettings {
  const settings = world.macs.seal('account_settings', unsealed)
  world.settings.set(settings.accountId, settings)
  changes.settings.set(settings.accountId, settings)
  return settings
}

export function putRules({ world, changes }: Work, unsealed: Unsealed<SignInRules>): SignInRules {
  const rules = world.macs.seal('sign_in_rules', unsealed)
  world.rules.set(rules.accountId, rules)
  changes.rules.set(rules.accountId, rules)
  return rules
}

export function putReply({ world, changes }: Work, unsealed: Unsealed<Reply>): void {
  const reply = world.macs.seal('replies', unsealed)
  changes.replies.push(reply)
  world.replies.set(replyRef(reply.accountId, reply.keyId, reply.hash), reply)
}

export function removeMachine({ world, changes }: Work, { accountId, id }: Machine): void {
  removeRow(changes.machines, world.machines, ref(accountId, id))
  const others = world.claims.filter((claim) => claim.accountId !== accountId || claim.machineId !== id)
  world.claims.splice(0, world.claims.length, ...others)
}

export function putDeployment({ world, changes }: Work, unsealed: Unsealed<Deployment>): Deployment {
  const deployment = world.macs.seal('deployments', unsealed)
  const { accountId, id, target, secrets } = deployment
  putRow(changes.deployments, world.deployments, ref(accountId, id), deployment)
  world.targets.set(ref(accountId, target), id)
  countHolders(world, accountId, secrets, 1)
  return deployment
}

export function removeDeployment({ world, changes }: Work, { accountId, id, target, secrets }: Deployment): void {
  removeRow(changes.deployments, world.deployments, ref(accountId, id))
  world.targets.delete(ref(accountId, target))
  countHolders(world, accountId, secrets, -1)
}

/** Of secrets that nobody asks for, the number is wrong and not looked at. */
function countHolders({ holders }: World, accountId: number, secrets: Deployment['secrets'], by: number): void {
  for (const { id } of secrets) holders.set(ref(accountId, id), (holders.get(ref(accountId, id)) ?? 0) + by)
}

export function putSeed({ world, changes }: Work, unsealed: Unsealed<Seed>): Seed {
  const seed = world.macs.seal('seeds', unsealed)
  putRow(changes.seeds, world.seeds, ref(seed.accountId, seed.id), seed)
  world.seedsByToken.set(seed.tokenHash, seed)
  return seed
}

export function removeSeed({ world, changes }: Work, { accountId, id, tokenHash }: Seed): void {
  removeRow(changes.seeds, world.seeds, ref(accountId, id))
  world.seedsByToken.delete(tokenHash)
}

export function putTrustRule({ world, changes }: Work, unsealed: Unsealed<TrustRule>): TrustRule {
  const rule = world.macs.seal('trust_rules', unsealed)
  putRow(changes.trustRules, world.trustRules, ref(rule.accountId, rule.id), rule)
  return rule
}

export function removeTrustRule({ world, changes }: Work, { accountId, id }: TrustRule): void {
  removeRow(changes.trustRules, world.trustRules, ref(accountId, id))
}

export function putUsedToken({ world, changes }: Work, used: UsedToken): void {
  changes.usedTokens.push(used)
  world.usedTokens.add(usedRef(used.accountId, used.ruleId, used.hash))
}

export function pruneWorkloads({ changes }: Work, accountId: number): void {
  changes.workloads.add(accountId)
}

export function putFactor({ world, changes }: Work, unsealed: Unsealed<Factor>): Factor {
  const factor = world.macs.seal('factors', unsealed)
  putRow(changes.factors, world.factors, ref(factor.accountId, factor.id), factor)
  if (factor.lookup !== null) world.factorLookups.add(factor.lookup)
  return factor
}

export function removeFactor({ world, changes }: Work, { accountId, id, lookup }: Factor): void {
  removeRow(changes.factors, world.factors, ref(accountId, id))
  if (lookup !== null) world.factorLookups.delete(lookup)
}

export function putKey({ world, changes }: Work, unsealed: Unsealed<ApiKey>): ApiKey {
  const key = world.macs.seal('api_keys', unsealed)
  putRow(changes.keys, world.keys, ref(key.accountId, key.id), key)
  world.keysByToken.set(key.tokenHash, key)
  return key
}
