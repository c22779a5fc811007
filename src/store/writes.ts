/** What a batch writes, as steps that any database carries out in their order: what goes first, then what comes. */
import { rangesOf } from '../model/machine.ts'
import { accountKeys, accounts } from './tables/account.ts'
import { apiKeys } from './tables/api-key.ts'
import { deploymentSecrets, deployments } from './tables/deployment.ts'
import { factors, spent } from './tables/factor.ts'
import { lists } from './tables/list.ts'
import { accountSettings, machineAddresses, machines } from './tables/machine.ts'
import { audit } from './tables/record.ts'
import { replies } from './tables/reply.ts'
import { secretKeys, secrets, versions } from './tables/secret.ts'
import { seeds } from './tables/seed.ts'
import { signInRules } from './tables/sign-in.ts'
import type { Part, TableOf } from './tables/table.ts'
import { trustRules, usedTokens } from './tables/trust-rule.ts'
import { users } from './tables/user.ts'
import { type Changes, type Fate, ref, replyLifetimeMs, workloadKeyLingersMs } from './world.ts'

/** Rows of one table. `put` makes a row, or changes the one with its primary key. */
interface RowStep {
  readonly kind: 'insert' | 'update' | 'put'
  readonly table: TableOf<object>
  readonly rows: readonly object[]
}

/** Takes away what a removal says of each of these. */
interface RemoveStep {
  readonly kind: 'remove'
  readonly removal: Removal<object>
  readonly rows: readonly object[]
}

/** Gives rows names that no row has, for others to take theirs. */
interface FreeStep {
  readonly kind: 'free'
  readonly table: TableOf<object>
  readonly rows: readonly object[]
}

export type Step = RowStep | RemoveStep | FreeStep

/** The rows whose columns are equal to what is named. */
export interface Removal<Model> {
  /** Of no other. */
  readonly name: string
  readonly table: string
  /** The last one is no greater than what is named, where `isUpTo`. */
  readonly by: Part<Model>
  readonly isUpTo: boolean
  /** Another condition, or nothing. */
  readonly where: string
}

function removal<Model, Name extends keyof Model & string>(
  table: TableOf<Model>,
  fields: readonly Name[],
  { isUpTo = false, where = '' }: Partial<Pick<Removal<Model>, 'isUpTo' | 'where'>> = {},
): Removal<Pick<Model, Name>> {
  const name = `remove_${table.name}_${fields.join('_').toLowerCase()}`
  return { name, table: table.name, by: table.part(...fields), isUpTo, where }
}

const goneKey = removal(accountKeys, ['accountId', 'version'])
const goneWorkloadKeys = removal(apiKeys, ['accountId', 'expiresAt'], { isUpTo: true, where: 'rule_id is not null' })
const goneUsedTokens = removal(usedTokens, ['accountId', 'until'], { isUpTo: true })
const goneSpent = removal(spent, ['accountId', 'expiresAt'], { isUpTo: true })
const goneReplies = removal(replies, ['accountId', 'createdAt'], { isUpTo: true })
const goneAddresses = removal(machineAddresses, ['accountId', 'machineId'])
const goneHeld = removal(deploymentSecrets, ['accountId', 'deploymentId'])
const goneVersions = removal(versions, ['accountId', 'secretId'])
const goneOldVersions = removal(versions, ['accountId', 'secretId', 'version'], { isUpTo: true })
const goneSecretKeys = removal(secretKeys, ['accountId', 'secretId'])
const goneRule = removal(trustRules, ['accountId', 'id'])
const goneUser = removal(users, ['accountId', 'id'])
const goneFactor = removal(factors, ['accountId', 'id'])
const goneSeed = removal(seeds, ['accountId', 'id'])
const goneList = removal(lists, ['accountId', 'id'])
const goneMachine = removal(machines, ['accountId', 'id'])
const goneDeployment = removal(deployments, ['accountId', 'id'])
const goneSecret = removal(secrets, ['accountId', 'id'])

/** Takes steps in their order; none is made of nothing. */
class Steps {
  readonly all: Step[] = []

  insert<Model extends object>(table: TableOf<Model>, rows: readonly Model[]): void {
    if (rows.length > 0) this.all.push({ kind: 'insert', table, rows })
  }

  update<Model extends object>(table: TableOf<Model>, rows: readonly Model[]): void {
    if (rows.length > 0) this.all.push({ kind: 'update', table, rows })
  }

  put<Model extends object>(table: TableOf<Model>, rows: readonly Model[]): void {
    if (rows.length > 0) this.all.push({ kind: 'put', table, rows })
  }

  remove<Model extends object>(what: Removal<Model>, rows: readonly Model[]): void {
    if (rows.length > 0) this.all.push({ kind: 'remove', removal: what, rows })
  }

  free<Model extends object>(table: TableOf<Model>, rows: readonly object[]): void {
    if (rows.length > 0) this.all.push({ kind: 'free', table, rows })
  }
}

/** @param keepVersions how many versions of a secret are kept */
export function stepsOf(changes: Changes, keepVersions: number, now: number): readonly Step[] {
  const steps = new Steps()
  writeAccounts(steps, changes)
  if (changes.workloads.size > 0) pruneWorkloads(steps, changes, now)
  if (changes.trustRules.size > 0) replace(steps, trustRules, goneRule, changes.trustRules)
  steps.insert(usedTokens, changes.usedTokens)
  if (changes.keys.size > 0) change(steps, apiKeys, changes.keys)
  if (changes.renamed.length > 0) freeNames(steps, changes)
  if (changes.lists.size > 0) writeLists(steps, changes)
  if (changes.machines.size > 0) writeMachines(steps, changes)
  if (changes.settings.size > 0) steps.put(accountSettings, [...changes.settings.values()])
  if (changes.users.size > 0) replace(steps, users, goneUser, changes.users)
  if (changes.factors.size > 0) replace(steps, factors, goneFactor, changes.factors)
  if (changes.spent.length > 0) writeSpent(steps, changes)
  if (changes.rules.size > 0) steps.put(signInRules, [...changes.rules.values()])
  if (changes.deployments.size > 0) writeDeployments(steps, changes)
  if (changes.seeds.size > 0) replace(steps, seeds, goneSeed, changes.seeds)
  if (changes.rewrapped.length > 0) rewrap(steps, changes)
  if (changes.secrets.size > 0) writeSecrets(steps, changes, keepVersions)
  if (changes.replies.length > 0) writeReplies(steps, changes)
  if (changes.records.length > 0) {
    steps.insert(
      audit,
      changes.records.map(({ record, head }) => ({ ...record, head })),
    )
  }
  return steps.all
}

function writeAccounts(steps: Steps, changes: Changes): void {
  if (changes.accounts.size > 0) change(steps, accounts, changes.accounts)
  steps.insert(accountKeys, changes.accountKeys)
  steps.update(accountKeys, [...changes.changedAccountKeys.values()])
  steps.remove(goneKey, changes.droppedAccountKeys)
}

/** What is over goes first. */
function pruneWorkloads(steps: Steps, { workloads }: Changes, now: number): void {
  const accountIds = [...workloads]
  steps.remove(
    goneWorkloadKeys,
    accountIds.map((accountId) => ({ accountId, expiresAt: now - workloadKeyLingersMs })),
  )
  steps.remove(
    goneUsedTokens,
    accountIds.map((accountId) => ({ accountId, until: now })),
  )
}

/** Nothing is called by a name with a blank: then the rows can get their new names in any order. */
function freeNames(steps: Steps, { renamed }: Changes): void {
  const of = (table: 'secrets' | 'lists') => renamed.filter((one) => one.table === table)
  steps.free(secrets, of('secrets'))
  steps.free(lists, of('lists'))
}

function writeLists(steps: Steps, changes: Changes): void {
  steps.remove(goneList, idsOf(changes.lists, isGone))
  change(steps, lists, changes.lists)
}

function writeMachines(steps: Steps, changes: Changes): void {
  const gone = idsOf(changes.machines, isGone)
  steps.remove(
    goneAddresses,
    gone.map(({ accountId, id }) => ({ accountId, machineId: id })),
  )
  steps.remove(goneMachine, gone)
  const made = rowsOf(changes.machines, ({ existed }) => !existed)
  steps.insert(machines, made)
  steps.insert(
    machineAddresses,
    made.flatMap((machine) => {
      const { accountId, id: machineId } = machine
      return rangesOf(machine).map(({ first, last }) => ({ first, last, accountId, machineId }))
    }),
  )
}

/** What is used up and would have expired goes, whenever something is. */
function writeSpent(steps: Steps, changes: Changes): void {
  steps.remove(
    goneSpent,
    changes.spent.map(({ accountId, now }) => ({ accountId, expiresAt: now })),
  )
  steps.insert(spent, changes.spent)
}

function writeDeployments(steps: Steps, changes: Changes): void {
  const gone = idsOf(changes.deployments, isGone)
  steps.remove(
    goneHeld,
    gone.map(({ accountId, id }) => ({ accountId, deploymentId: id })),
  )
  steps.remove(goneDeployment, gone)
  const made = rowsOf(changes.deployments, () => true)
  steps.insert(deployments, made)
  steps.insert(
    deploymentSecrets,
    made.flatMap(({ accountId, id: deploymentId, secrets: held }) =>
      held.map((one) => ({ ...one, accountId, deploymentId })),
    ),
  )
}

function rewrap(steps: Steps, { rewrapped }: Changes): void {
  steps.update(
    secretKeys,
    rewrapped.map(({ accountId, id: secretId, key }) => ({ ...key, accountId, secretId })),
  )
}

/** What is deleted goes first: its name may be taken again in the same batch. */
function writeSecrets(steps: Steps, { secrets: fates, versions: written }: Changes, keepVersions: number): void {
  const gone = idsOf(fates, isGone)
  const ofGone = gone.map(({ accountId, id: secretId }) => ({ accountId, secretId }))
  steps.remove(goneVersions, ofGone)
  steps.remove(goneSecretKeys, ofGone)
  steps.remove(goneSecret, gone)
  const made = rowsOf(fates, ({ existed }) => !existed)
  const changed = rowsOf(fates, ({ existed }) => existed).map(({ secret }) => secret)
  steps.insert(
    secrets,
    made.map(({ secret }) => secret),
  )
  steps.insert(
    secretKeys,
    made.map(({ secret: { accountId, id }, key }) => ({ ...key, accountId, secretId: id })),
  )
  steps.update(secrets, changed)
  steps.remove(
    goneOldVersions,
    changed.map(({ accountId, id, version }) => ({ accountId, secretId: id, version: version - keepVersions })),
  )
  const newestOf = (accountId: number, secretId: number) => fates.get(ref(accountId, secretId))?.row?.secret.version
  steps.insert(
    versions,
    written.filter(({ accountId, secretId, version }) => {
      const newest = newestOf(accountId, secretId)
      return newest !== undefined && version > newest - keepVersions
    }),
  )
}

function writeReplies(steps: Steps, changes: Changes): void {
  steps.remove(
    goneReplies,
    changes.replies.map(({ accountId, createdAt }) => ({ accountId, createdAt: createdAt - replyLifetimeMs })),
  )
  steps.insert(replies, changes.replies)
}

type Fates<Row> = ReadonlyMap<string | number, Fate<Row>>

/** Makes rows, or changes those that were there. */
function change<Model extends object>(steps: Steps, table: TableOf<Model>, fates: Fates<Model>): void {
  steps.insert(
    table,
    rowsOf(fates, ({ existed }) => !existed),
  )
  steps.update(
    table,
    rowsOf(fates, ({ existed }) => existed),
  )
}

/** A changed row takes the place of the one that was: what it is found by may go from one row to another in a batch. */
function replace<Model extends object>(
  steps: Steps,
  table: TableOf<Model>,
  gone: Removal<{ readonly accountId: number; readonly id: number }>,
  fates: Fates<Model>,
): void {
  steps.remove(
    gone,
    idsOf(fates, ({ existed }) => existed),
  )
  steps.insert(
    table,
    rowsOf(fates, () => true),
  )
}

/** The rows that are there afterwards. */
function rowsOf<Row>(fates: Fates<Row>, which: (fate: Fate<Row>) => boolean): Row[] {
  return [...fates.values()].flatMap((fate) => (fate.row !== null && which(fate) ? [fate.row] : []))
}

function isGone({ existed, row }: Fate<unknown>): boolean {
  return existed && row === null
}

function idsOf(fates: Fates<unknown>, which: (fate: Fate<unknown>) => boolean): { accountId: number; id: number }[] {
  return [...fates].flatMap(([at, fate]) => {
    if (!which(fate)) return []
    const [accountId = 0, id = 0] = String(at).split(' ').map(Number)
    return [{ accountId, id }]
  })
}
