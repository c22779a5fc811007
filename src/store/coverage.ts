/**
 * What the row MACs cover: every field of every row, the primary key included, but for those that are listed here with
 * their reason. Keyed by the fields of the model, so that a field which is forgotten does not compile. The reasons are
 * published in docs/security.md.
 */
import { hash } from 'node:crypto'
import type { Account } from '../model/account.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { Deployment } from '../model/deployment.ts'
import type { Factor } from '../model/factor.ts'
import type { List } from '../model/list.ts'
import type { AccountSettings, Machine } from '../model/machine.ts'
import type { Principal } from '../model/principal.ts'
import type { Secret } from '../model/secret.ts'
import type { Seed } from '../model/seed.ts'
import { type SignInRules, ssoText } from '../model/sign-in.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import type { User } from '../model/user.ts'
import type { Reply, VersionRowHead } from './reply.ts'

/** The rows that have a MAC, by the names of their tables. */
export interface SealedRows {
  readonly accounts: Account
  readonly account_settings: AccountSettings
  readonly api_keys: ApiKey
  readonly users: User
  readonly factors: Factor
  readonly sign_in_rules: SignInRules
  readonly lists: List
  readonly secrets: Secret
  readonly versions: VersionRowHead
  readonly machines: Machine
  readonly deployments: Deployment
  readonly seeds: Seed
  readonly trust_rules: TrustRule
  readonly replies: Reply
}

export type SealedTable = keyof SealedRows

/** A row before its MAC is made. */
export type Unsealed<Row> = Omit<Row, 'mac'>

/** What stands in the text as JSON writes it. */
type Plain = string | number | boolean | null | readonly Plain[]

/** A field that is not covered, and why somebody who writes it gains nothing that was promised to be out of reach. */
interface Uncovered {
  readonly because: string
}

/** `covered` for what JSON writes unambiguously; of anything else, how it is written. */
type Cover<Value> = ([Value] extends [Plain] ? 'covered' : (value: Value) => Plain) | Uncovered

type Covers = {
  readonly [Table in SealedTable]: {
    readonly [Field in keyof Required<Unsealed<SealedRows[Table]>>]: Cover<SealedRows[Table][Field]>
  }
}

const trail = 'moves with every record; the chain and its signed checkpoints cover it'
const covers: Covers = {
  accounts: {
    id: 'covered',
    name: 'covered',
    createdAt: 'covered',
    nextSecretId: 'covered',
    nextKeyId: 'covered',
    nextListId: 'covered',
    nextMachineId: 'covered',
    nextUserId: 'covered',
    nextDeploymentId: 'covered',
    nextSeedId: 'covered',
    nextTrustRuleId: 'covered',
    auditSize: { because: trail },
    auditHead: { because: trail },
    auditAt: { because: trail },
    networks: 'covered',
    machineNetworks: 'covered',
  },
  account_settings: { accountId: 'covered', vmAuth: 'covered' },
  api_keys: {
    accountId: 'covered',
    id: 'covered',
    uid: 'covered',
    name: 'covered',
    tokenHash: 'covered',
    scopes: 'covered',
    networks: 'covered',
    createdAt: 'covered',
    expiresAt: 'covered',
    revokedAt: 'covered',
    userId: 'covered',
    confirmedAt: 'covered',
    ruleId: 'covered',
    maker: principalOf,
    isOwner: 'covered',
    agent: 'covered',
    lastUsedAt: {
      because:
        'written as keys are used, without a record; it keeps an idle session open, at most to its end after 12 hours',
    },
  },
  users: {
    accountId: 'covered',
    id: 'covered',
    uid: 'covered',
    email: 'covered',
    name: 'covered',
    role: 'covered',
    patterns: 'covered',
    password: 'covered',
    isDisabled: 'covered',
    linkHash: 'covered',
    linkExpiresAt: 'covered',
    hasSecondFactor: 'covered',
    generation: 'covered',
    factorIds: 'covered',
    createdAt: 'covered',
    lastSignInAt: { because: 'only shown: when somebody came last, and whether they have come yet' },
  },
  factors: {
    accountId: 'covered',
    id: 'covered',
    uid: 'covered',
    userId: 'covered',
    kind: 'covered',
    name: 'covered',
    lookup: 'covered',
    data: 'covered',
    createdAt: 'covered',
    usedAt: { because: 'only shown' },
  },
  sign_in_rules: { accountId: 'covered', isSecondFactorRequired: 'covered', sso: ssoText },
  lists: {
    accountId: 'covered',
    id: 'covered',
    uid: 'covered',
    name: 'covered',
    createdAt: 'covered',
    updatedAt: 'covered',
  },
  secrets: {
    accountId: 'covered',
    id: 'covered',
    uid: 'covered',
    name: 'covered',
    version: 'covered',
    createdAt: 'covered',
    updatedAt: 'covered',
    listId: 'covered',
    type: 'covered',
    filename: 'covered',
    description: 'covered',
    tags: 'covered',
    expiresAt: 'covered',
  },
  versions: { accountId: 'covered', secretId: 'covered', version: 'covered', createdAt: 'covered', name: 'covered' },
  machines: {
    accountId: 'covered',
    id: 'covered',
    uid: 'covered',
    name: 'covered',
    addresses: 'covered',
    scopes: 'covered',
    createdAt: 'covered',
    maker: principalOf,
  },
  deployments: {
    accountId: 'covered',
    id: 'covered',
    target: 'covered',
    principal: principalOf,
    seedId: 'covered',
    createdAt: 'covered',
    secrets: (held) => held.map(({ id, uid, name, version }) => [id, uid, name, version]),
  },
  seeds: {
    accountId: 'covered',
    id: 'covered',
    uid: 'covered',
    tokenHash: 'covered',
    target: 'covered',
    sealed: (bytes) => hash('sha256', bytes, 'hex'),
    scopes: 'covered',
    maker: principalOf,
    makerGeneration: 'covered',
    createdAt: 'covered',
    expiresAt: 'covered',
    maxFetches: 'covered',
    fetches: 'covered',
    usedAt: 'covered',
    returns: 'covered',
    refetchedAt: 'covered',
  },
  trust_rules: {
    accountId: 'covered',
    id: 'covered',
    uid: 'covered',
    name: 'covered',
    issuer: 'covered',
    audience: 'covered',
    claims: (claims) => claims.map(({ name, pattern }) => [name, pattern]),
    scopes: 'covered',
    networks: 'covered',
    keyTtlSeconds: 'covered',
    isSingleUse: 'covered',
    jwksUrl: 'covered',
    jwks: 'covered',
    createdAt: 'covered',
    updatedAt: 'covered',
    maker: principalOf,
  },
  replies: {
    accountId: 'covered',
    keyId: 'covered',
    hash: 'covered',
    fingerprint: 'covered',
    secret: ({ id, name, version, createdAt, updatedAt, listId }) => [id, name, version, createdAt, updatedAt, listId],
    createdAt: 'covered',
  },
}

function principalOf(principal: Principal | null): Plain {
  return principal === null ? null : [principal.kind, principal.id, principal.name]
}

/** Tells these texts from those of other versions of this program. */
export const rowFormat = 2

/**
 * What the MAC of a row is made of: a JSON array of the table's name, the format, and the covered fields in the order of
 * `covers`. No two rows of a store, nor of two tables, have the same text.
 */
export function rowText<Table extends SealedTable>(table: Table, row: Unsealed<SealedRows[Table]>): string {
  const parts: Plain[] = [table, rowFormat]
  for (const write of writers[table]) parts.push(write(row))
  return JSON.stringify(parts)
}

type Writers = { readonly [Table in SealedTable]: readonly ((row: Unsealed<SealedRows[Table]>) => Plain)[] }

/** The border between fields by name and their values: `Covers` has checked that each is written as what it is. */
const writers = Object.fromEntries(
  Object.entries(covers).map(([table, fields]) => [
    table,
    Object.entries(fields as Record<string, 'covered' | Uncovered | ((value: unknown) => Plain)>).flatMap(
      ([field, cover]) => {
        if (typeof cover === 'object') return []
        const read = (row: Record<string, unknown>) => row[field]
        return [typeof cover === 'function' ? (row: never) => cover(read(row)) : read]
      },
    ),
  ]),
) as unknown as Writers

/** Tables whose rows have no MAC of their own, and what keeps somebody who writes them from gaining anything. */
export const unsealedTables: Readonly<Record<string, string>> = {
  meta: 'keys sealed under the root key, and the store id that they are bound to: with another, nothing opens',
  account_keys: 'sealed, and bound to account and version; `uses` only counts when a key is to be replaced',
  secret_keys: 'sealed, and bound to account, uid and version of the account key',
  deployment_secrets: 'covered with their deployment',
  machine_addresses: 'only lead to a machine, whose row decides; `audit verify --state` compares them',
  used_tokens:
    'say that a token was traded: without the mark, whoever has that token trades it again, for the minutes that it lives',
  spent:
    'say that a challenge was answered: without the mark, whoever has that answer gives it again, for the minutes that it lives',
  attempts:
    'count guesses: without them, guessing is as slow as the passwords are, the six digits of an app too, for who has the password',
  audit: 'the chain covers them, and signed checkpoints',
}

/** What a row that was taken away leads to. Every table with rows of their own is here. */
export const whenMissing: Readonly<Record<SealedTable, string>> = {
  accounts: 'the account is gone, with all that is in it; `audit verify` with a checkpoint finds it',
  account_settings: 'refused: every account has its row',
  api_keys: 'the key or session is unknown: 401',
  users: 'the user cannot sign in, and their sessions end',
  factors: 'refused: the row of the user says which there are',
  sign_in_rules: 'refused: every account has its row',
  lists: 'the list is not listed; its secrets are refused where their list is asked for',
  secrets: 'the secret is not found, and not listed',
  versions: 'refused, but for the oldest ones, which are as if they had been pruned',
  machines: 'the machine is unknown: 401',
  deployments: 'the target is not listed, and not counted as stale',
  seeds: 'the seed is unknown: 404',
  trust_rules: 'no token is traded under it',
  replies: 'a request that is repeated is carried out again, as after a day',
}

/** The fields without cover, and why, for the documents. */
export function uncovered(): readonly { readonly table: string; readonly field: string; readonly because: string }[] {
  return Object.entries(covers).flatMap(([table, fields]) =>
    Object.entries(fields as Record<string, unknown>).flatMap(([field, cover]) =>
      typeof cover === 'object' ? [{ table, field, because: (cover as Uncovered).because }] : [],
    ),
  )
}
