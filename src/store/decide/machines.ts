/** What happens to machines without keys, and to the account's settings. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { settingsHash } from '../../model/account.ts'
import { overlap } from '../../model/address.ts'
import { type Machine, rangesOf } from '../../model/machine.ts'
import { inNetworks, withinNetworks } from '../../model/network.ts'
import { allows } from '../../model/scope.ts'
import type { Op, Outcome, Refused } from '../operation.ts'
import { ref } from '../world.ts'
import {
  type Call,
  done,
  forbid,
  isMadeBy,
  putAccount,
  putMachine,
  putSettings,
  refuse,
  refuseField,
  removeMachine,
} from './work.ts'

const right = 'account:manage'

export function listMachines(call: Call): Outcome<'list_machines'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  return done<'list_machines'>(call, null, machinesOf(call))
}

export function readMachine(call: Call, { id }: Op<'read_machine'>): Outcome<'read_machine'> {
  const found = find(call, id)
  return 'kind' in found ? found : done(call, objectOf(found), found)
}

export function createMachine(call: Call, { machine }: Op<'create_machine'>): Outcome<'create_machine'> {
  const { work } = call
  const object: AuditObject = { kind: 'machine', id: null, uid: null, name: machine.name, version: null, hash: null }
  if (!allows(call.scopes, right)) return forbid(call, object, right)
  if (machine.accountId !== call.account.id || !isMadeBy(call, machine.maker)) return { kind: 'outdated' }
  if (machinesOf(call).some(({ name }) => name === machine.name)) {
    return refuse(call, object, 'name_taken', 'A machine of this name exists already. Choose another name.')
  }
  if (!isGiven(call, machine)) {
    const detail = 'The host has not given this account all of them. Ask for "strongroom account machine-networks".'
    return refuseField(call, object, 'forbidden', { field: 'addresses', detail })
  }
  const ranges = rangesOf(machine)
  const isClaimed = work.world.claims.some((claim) => ranges.some((range) => overlap(range, claim)))
  if (isClaimed) {
    const detail = 'One of them belongs to a machine already, of this account or of another.'
    return refuseField(call, object, 'name_taken', { field: 'addresses', detail })
  }
  const account = work.world.accounts.get(call.account.id) ?? call.account
  putAccount(work, { ...account, nextMachineId: account.nextMachineId + 1 })
  const made = putMachine(work, { ...machine, id: account.nextMachineId })
  return done(call, objectOf(made), made)
}

export function deleteMachine(call: Call, { id }: Op<'delete_machine'>): Outcome<'delete_machine'> {
  const found = find(call, id)
  if ('kind' in found) return found
  removeMachine(call.work, found)
  return done(call, objectOf(found), null)
}

export function readSettings(call: Call): Outcome<'read_settings'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  const settings = call.work.world.settings.get(call.account.id)
  if (settings === undefined) return settingsAreGone(call)
  const { networks, machineNetworks } = call.account
  return done(call, null, { vmAuth: settings.vmAuth, networks, machineNetworks })
}

export function updateSettings(call: Call, { change }: Op<'update_settings'>): Outcome<'update_settings'> {
  const { work, account, request, principal } = call
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  const before = work.world.settings.get(account.id)
  if (before === undefined) return settingsAreGone(call)
  const own = work.world.accounts.get(account.id) ?? account
  const { networks = own.networks, machineNetworks = own.machineNetworks, vmAuth = before.vmAuth } = change
  // Networks that the host gives are given by nobody else.
  if (change.machineNetworks !== undefined && principal.kind !== 'host') return forbid(call, null, right)
  if (change.networks !== undefined && principal.kind !== 'host' && !inNetworks(networks, request.address)) {
    const detail = `Must hold the address that you ask from, ${request.address}: else you would be locked out.`
    return refuseField(call, null, 'invalid', { field: 'networks', detail })
  }
  const settings = putSettings(work, { ...before, vmAuth })
  putAccount(work, { ...own, networks, machineNetworks })
  const hash = settingsHash(settings, { networks, machineNetworks })
  const object: AuditObject = { kind: 'settings', id: null, uid: null, name: null, version: null, hash }
  return done(call, object, { vmAuth, networks, machineNetworks })
}

function settingsAreGone(call: Call): Refused {
  return refuse(call, null, 'integrity_failure', 'The settings of the account are gone.')
}

/** While no other account is there, no other's machines are; from then on the host says whose an address is. */
function isGiven({ work, account }: Call, { addresses }: Pick<Machine, 'addresses'>): boolean {
  const isAlone = work.world.nextAccountId <= 2
  return isAlone || (account.machineNetworks.length > 0 && withinNetworks(addresses, account.machineNetworks))
}

function machinesOf({ work, account }: Call): Machine[] {
  return [...work.world.machines.values()].filter(({ accountId }) => accountId === account.id)
}

function find(call: Call, id: number): Machine | Refused {
  const unknown: AuditObject = { kind: 'machine', id, uid: null, name: null, version: null, hash: null }
  if (!allows(call.scopes, right)) return forbid(call, unknown, right)
  const found = call.work.world.machines.get(ref(call.account.id, id))
  return found ?? refuse(call, unknown, 'not_found', 'No machine with this id.')
}

function objectOf({ id, uid, name, mac }: Machine): AuditObject {
  return { kind: 'machine', id, uid, name, version: null, hash: hash('sha256', mac, 'hex') }
}
