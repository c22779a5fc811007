/** What an account is set to. */
import type { AuditObject } from '../../audit/record.ts'
import { type Account, settingsHash } from '../../model/account.ts'
import { partBeyond, type Reach } from '../../model/grant.ts'
import { type AccountSettings, machineScopes } from '../../model/machine.ts'
import { inNetworks, withinNetworks } from '../../model/network.ts'
import { parseScopes } from '../../model/scope.ts'
import { type Handed, reachOf } from '../decide/grants.ts'
import { type Call, done, forbid, put, putAccount, refuse, refuseField } from '../decide/work.ts'
import type { Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { accountSettings, machines } from '../tables/machine.ts'
import { defineOperation, overAll } from './define.ts'
import { machineHanded } from './machines.ts'

export interface Settings
  extends Pick<AccountSettings, 'vmAuth' | 'recoveryDays'>,
    Pick<Account, 'networks' | 'machineNetworks'> {}

/** What is not named stays as it is. Networks for machines are for the host alone to give. */
export type SettingsChange = { readonly [Name in keyof Settings]?: Settings[Name] | undefined }

const right = 'account:manage'

const readSettings = defineOperation<object, Settings>()({
  kind: 'read_settings',
  action: 'settings.read',
  scope: overAll(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.settings(),
  decide: (call) => {
    const settings = call.work.world.get(accountSettings, call.account.id)
    if (settings === undefined) return settingsAreGone(call)
    const { networks, machineNetworks } = call.account
    return done(call, null, { ...shown(settings), networks, machineNetworks })
  },
})

/** What each registered machine was held against, one after the other, before all of them are let read. */
export interface HeldMachines {
  /** How far the caller reached. */
  readonly reach: Reach
  /** None with this id, or a higher one, was there. */
  readonly nextId: number
  /** One that reaches further, if any does. */
  readonly beyond: number | undefined
}

interface Update {
  readonly change: SettingsChange
  readonly held?: HeldMachines | undefined
}

export type Updated =
  | { readonly state: 'updated'; readonly settings: Settings }
  /** Nothing was done: every machine must be held against these first. */
  | { readonly state: 'unheld'; readonly accountId: number; readonly reach: Reach; readonly nextId: number }

const updateSettings = defineOperation<Update, Updated>()({
  kind: 'update_settings',
  action: 'settings.update',
  scope: overAll(right),
  environment: 'none',
  delicate: true,
  grants: handedBySettings,
  needs: (needs, { held }) => {
    needs.settings()
    if (held?.beyond !== undefined) needs.machine(held.beyond)
  },
  decide: (call, { change, held }) => {
    const { work, account, request, principal } = call
    const before = work.world.get(accountSettings, account.id)
    if (before === undefined) return settingsAreGone(call)
    if (letsMachines(call, change) && !isHeld(call, held)) {
      const reach = reachOf(call)
      return { kind: 'done', result: { state: 'unheld', accountId: account.id, reach, nextId: nextMachineId(call) } }
    }
    const own = work.world.get(accounts, account.id) ?? account
    const { networks = own.networks, machineNetworks = own.machineNetworks } = change
    const { vmAuth = before.vmAuth, recoveryDays = before.recoveryDays } = change
    // Networks that the host gives are given by nobody else.
    if (change.machineNetworks !== undefined && principal.kind !== 'host') return forbid(call, null, right)
    if (change.networks !== undefined && principal.kind !== 'host' && !inNetworks(networks, request.address)) {
      const detail = `Must hold the address that you ask from, ${request.address}: else you would be locked out.`
      return refuseField(call, null, 'invalid', { field: 'networks', detail })
    }
    const settings = put(work, accountSettings, { ...before, vmAuth, recoveryDays })
    putAccount(work, { ...own, networks, machineNetworks })
    const hash = settingsHash(settings, { networks, machineNetworks })
    const object: AuditObject = { kind: 'settings', id: null, uid: null, name: null, version: null, hash }
    return done(call, object, { state: 'updated', settings: { ...shown(settings), networks, machineNetworks } })
  },
})

export const settingsOperations = {
  [readSettings.kind]: readSettings,
  [updateSettings.kind]: updateSettings,
}

function shown({ vmAuth, recoveryDays }: AccountSettings) {
  return { vmAuth, recoveryDays }
}

function settingsAreGone(call: Call): Refused {
  return refuse(call, null, 'integrity_failure', 'The settings of the account are gone.')
}

/** Whoever lets machines read without a key hands on what each registered one may. */
function handedBySettings(call: Call, { change, held }: Update): readonly Handed[] {
  const { work, account } = call
  const own = work.world.get(accounts, account.id) ?? account
  // From where keys and sessions may be used: from more places than before, that lets them all in further.
  const isWider = change.networks !== undefined && !withinNetworks(change.networks, own.networks)
  const widened = isWider ? [networksHanded(change.networks ?? [])] : []
  const beyond = letsMachines(call, change) && held?.beyond !== undefined ? held.beyond : 0
  const machine = work.world.get(machines, account.id, beyond)
  const read =
    machine === undefined ? [] : [{ ...machineHanded(machine, null), thing: 'machines', object: null } as const]
  return [...widened, ...read]
}

function letsMachines({ work, account }: Call, { vmAuth }: SettingsChange): boolean {
  return vmAuth === true && work.world.get(accountSettings, account.id)?.vmAuth !== true
}

/**
 * Whether no machine reaches further than the caller. Whoever may read all from anywhere needs no look at them; a machine never
 * changes, so that for everybody else it is enough that each was looked at which is there.
 */
function isHeld(call: Call, held: HeldMachines | undefined): boolean {
  const reach = reachOf(call)
  if (partBeyond(anyMachine, reach) === undefined) return true
  const isOfNow = held !== undefined && held.nextId === nextMachineId(call) && isSame(held.reach, reach)
  return isOfNow && held.beyond === undefined
}

/** All that a machine can be let do. */
const anyMachine: Reach = { scopes: parseScopes(machineScopes), networks: [], until: null, isOwner: false }

function nextMachineId({ work, account }: Call): number {
  return (work.world.get(accounts, account.id) ?? account).nextMachineId
}

function isSame(one: Reach, other: Reach): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

function networksHanded(networks: readonly string[]): Handed {
  return { thing: 'networks', object: null, written: null, scopes: [], networks, until: null, isOwner: false }
}
