/** What happens to machines without keys, and to the account's settings. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { overlap } from '../../model/address.ts'
import { type Machine, rangesOf } from '../../model/machine.ts'
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
  if (settings === undefined) return refuse(call, null, 'integrity_failure', 'The settings of the account are gone.')
  return done(call, null, settings)
}

export function updateSettings(call: Call, operation: Op<'update_settings'>): Outcome<'update_settings'> {
  if (!allows(call.scopes, right)) return forbid(call, null, right)
  if (operation.settings.accountId !== call.account.id) return { kind: 'outdated' }
  const settings = putSettings(call.work, operation.settings)
  const digest = hash('sha256', settings.mac, 'hex')
  const object: AuditObject = { kind: 'settings', id: null, uid: null, name: null, version: null, hash: digest }
  return done(call, object, settings)
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
