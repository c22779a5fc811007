/**
 * What a read would be answered, without being asked: the rows of whoever would ask are put into a world of their own, and
 * decided there by what decides every request. What that would write goes nowhere.
 */
import type { Account } from '../model/account.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { Environment, EnvironmentRef } from '../model/environment.ts'
import { type AccountSettings, rangesOf } from '../model/machine.ts'
import { allowsName, formatScope, type Scope } from '../model/scope.ts'
import type { Secret } from '../model/secret.ts'
import type { User } from '../model/user.ts'
import { type Acting, askingOf } from './acting.ts'
import { identify, isCall } from './decide/caller.ts'
import { decide } from './decide/decide.ts'
import type { RowMacs } from './row-macs.ts'
import { accounts } from './tables/account.ts'
import { apiKeys } from './tables/api-key.ts'
import { environments } from './tables/environment.ts'
import { accountSettings, machineAddresses, machines } from './tables/machine.ts'
import { secretsByName, storedSecrets } from './tables/secret.ts'
import { seeds } from './tables/seed.ts'
import { users } from './tables/user.ts'
import { World } from './world.ts'

export type { Acting }

/** What the answer rests upon, whoever asks. */
export interface Grounds {
  readonly storeId: string
  readonly account: Account
  readonly settings: AccountSettings | undefined
  /** All of the account, but for `default`. */
  readonly environments: readonly Environment[]
  readonly secret: Secret
  /** Those that have a secret of the same name, of its own. */
  readonly namesakes: readonly { readonly id: number; readonly environmentId: number }[]
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Where somebody may read it, and by which scope. */
export interface Opening {
  readonly environment: EnvironmentRef
  readonly scope: string
}

/** Those of these environments that have the secret, or inherit it: somebody who may do anything finds it there. */
export function holdersAmong(grounds: Grounds, where: readonly EnvironmentRef[]): readonly EnvironmentRef[] {
  const caller = { kind: 'host', accountId: grounds.account.id, name: '' } as const
  return where.filter(({ name }) => {
    const asked = { caller, address: '127.0.0.1', requestId: '', environment: { name, isStrict: false } }
    const operation = { kind: 'read_secret', id: grounds.secret.id, list: undefined } as const
    const { outcomes } = decide([{ ...asked, operation }], worldOf(grounds, undefined, undefined))
    return outcomes[0]?.kind === 'done'
  })
}

/** In which of these environments somebody may read the secret: nothing where in none. */
export function openingsOf(grounds: Grounds, acting: Acting, where: readonly EnvironmentRef[]): readonly Opening[] {
  const asking = askingOf(grounds.account, acting, grounds.now)
  if (asking === undefined) return []
  return where.flatMap((environment) => {
    // A seed gives out what is where it was made, and nobody names another.
    const isSeed = acting.kind === 'seed'
    if (isSeed && acting.seed.environmentId !== environment.id) return []
    const { caller, address } = asking
    const named = isSeed ? {} : { environment: { name: environment.name, isStrict: false } }
    const asked = { caller, address, requestId: '', ...named }
    const operation = { kind: 'read_secret', id: grounds.secret.id, list: undefined } as const
    const world = worldOf(grounds, acting, asking.key)
    const [outcome] = decide([{ ...asked, operation }], world).outcomes
    if (outcome?.kind !== 'done') return []
    const call = identify({ world }, asked, 'secret.read')
    const scopes = isCall(call) ? call.scopes : []
    return [{ environment, scope: openedBy(scopes, environment.name, grounds.secret.name) }]
  })
}

function openedBy(scopes: readonly Scope[], environment: string, name: string): string {
  const scope = scopes.find((one) => allowsName([one], 'secrets:read', environment, name))
  if (scope === undefined) throw new Error('It was read without a scope.')
  return formatScope(scope)
}

/** What is put goes nowhere, and has no MAC. */
const nowhere: Pick<RowMacs, 'seal'> = { seal: (_table, row) => ({ ...row, mac: new Uint8Array() }) }

function worldOf(grounds: Grounds, acting: Acting | undefined, asking: ApiKey | undefined): World {
  const { storeId, account, settings, secret, namesakes, now } = grounds
  const world = new World({ storeId, macs: nowhere, forged: [], now, keepVersions: 1, isShared: true })
  world.take(accounts, [account])
  world.take(environments, grounds.environments)
  if (settings !== undefined) world.take(accountSettings, [settings])
  const { accountId, name } = secret
  world.take(storedSecrets, [{ secret, key: { keyVersion: 0, wrapped: noBytes }, sealed: noBytes }])
  for (const { id, environmentId } of namesakes) world.note(secretsByName, { accountId, id, environmentId, name })
  if (acting === undefined) return world
  world.take(users, personsOf(acting))
  world.take(apiKeys, asking === undefined ? makersOf(acting) : [asking])
  if (acting.kind === 'seed') world.take(seeds, [acting.seed])
  if (acting.kind !== 'machine') return world
  const { machine } = acting
  world.take(machines, [machine])
  const claims = rangesOf(machine).map(({ first, last }) => ({ first, last, accountId, machineId: machine.id }))
  world.take(machineAddresses, claims)
  return world
}

const noBytes = new Uint8Array()

function personsOf(acting: Acting): readonly User[] {
  if (acting.kind === 'user') return [acting.user]
  if (acting.kind === 'machine' || acting.kind === 'workload' || acting.person === undefined) return []
  return [acting.person]
}

function makersOf(acting: Acting): readonly ApiKey[] {
  return acting.kind === 'seed' && acting.makerKey !== undefined ? [acting.makerKey] : []
}
