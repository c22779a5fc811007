/** Machines without keys. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { overlap } from '../../model/address.ts'
import { type Machine, rangesOf } from '../../model/machine.ts'
import { withinNetworks } from '../../model/network.ts'
import { parseScopes } from '../../model/scope.ts'
import { type Handed, noVersion } from '../decide/grants.ts'
import { keptRow, objectAgain, onceOf } from '../decide/once.ts'
import {
  authorizeListing,
  type Call,
  done,
  isMadeBy,
  type Listing,
  put,
  putAccount,
  refuse,
  refuseField,
} from '../decide/work.ts'
import { accounts } from '../tables/account.ts'
import { machineAddresses, machines, machinesByName } from '../tables/machine.ts'
import { defineOnce, defineOperation, overAll, type WithRight } from './define.ts'

/** A machine without what the transaction gives it. */
type NewMachine = Omit<Machine, 'id' | 'mac'>

interface ById {
  readonly id: number
}

const right = 'account:manage'

const aMachine: WithRight<ById, Machine> = {
  right,
  over: 'all',
  object: (_call, { id }) => unknownMachine(id),
  subject: (call, { id }) => {
    const found = call.work.world.get(machines, call.account.id, id)
    return found ?? refuse(call, unknownMachine(id), 'not_found', 'No machine with this id.')
  },
}

const listMachines = defineOperation<object, Listing>()({
  kind: 'list_machines',
  action: 'machine.list',
  scope: overAll(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: authorizeListing,
})

const readMachine = defineOperation<ById, Machine, Machine>()({
  kind: 'read_machine',
  action: 'machine.read',
  scope: aMachine,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.machine(id),
  sharing: true,
  decide: (call, _operation, found) => done(call, objectOf(found), found),
})

const createMachine = defineOnce<{ readonly machine: NewMachine }, Machine>()({
  kind: 'create_machine',
  action: 'machine.create',
  scope: overAll(right, (_call, { machine }) => objectOfNew(machine)),
  environment: 'none',
  delicate: true,
  grants: (_call, { machine }) => [machineHanded(machine, { field: 'scopes', before: [] })],
  needs: (needs, { machine }) => {
    needs.claims(rangesOf(machine))
    needs.machineNamed(machine.name)
  },
  decide: (call, { machine }) => {
    const { work } = call
    if (machine.accountId !== call.account.id || !isMadeBy(call, machine.maker)) return { kind: 'outdated' }
    const object = objectOfNew(machine)
    if (work.world.has(machinesByName, call.account.id, machine.name)) {
      return refuse(call, object, 'name_taken', 'A machine of this name exists already. Choose another name.')
    }
    if (!isGiven(call, machine)) {
      const detail = 'The host has not given this account all of them. Ask for "strongroom account machine-networks".'
      return refuseField(call, object, 'forbidden', { field: 'addresses', detail })
    }
    const ranges = rangesOf(machine)
    const claims = [...work.world.all(machineAddresses)]
    const isClaimed = claims.some((claim) => ranges.some((range) => overlap(range, claim)))
    if (isClaimed) {
      const detail = 'One of them belongs to a machine already, of this account or of another.'
      return refuseField(call, object, 'name_taken', { field: 'addresses', detail })
    }
    const account = work.world.get(accounts, call.account.id) ?? call.account
    putAccount(work, { ...account, nextMachineId: account.nextMachineId + 1 })
    const made = put(work, machines, { ...machine, id: account.nextMachineId })
    return done(call, objectOf(made), made)
  },
  once: onceOf(keptRow<Machine>()({ mac: new Uint8Array() }), (machine) =>
    objectAgain('machine', machine, machine.name),
  ),
})

const deleteMachine = defineOperation<ById, null, Machine>()({
  kind: 'delete_machine',
  action: 'machine.delete',
  scope: aMachine,
  environment: 'none',
  delicate: true,
  grants: 'nothing',
  needs: (needs, { id }) => needs.machine(id),
  decide: (call, _operation, found) => {
    call.work.world.remove(machines, found)
    return done(call, objectOf(found), null)
  },
})

export const machineOperations = {
  [listMachines.kind]: listMachines,
  [readMachine.kind]: readMachine,
  [createMachine.kind]: createMachine,
  [deleteMachine.kind]: deleteMachine,
}

/** While no other account is there, no other's machines are; from then on the host says whose an address is. */
function isGiven({ work, account }: Call, { addresses }: Pick<Machine, 'addresses'>): boolean {
  const isAlone = work.world.nextAccountId <= 2
  return isAlone || (account.machineNetworks.length > 0 && withinNetworks(addresses, account.machineNetworks))
}

export function machineHanded(machine: NewMachine & { readonly id?: number }, written: Handed['written']): Handed {
  const { uid, name, addresses: networks, id = null } = machine
  return {
    thing: 'machine',
    object: { kind: 'machine', id, uid, name, ...noVersion },
    written,
    scopes: parseScopes(machine.scopes),
    ...{ networks, until: null, isOwner: false },
  }
}

function unknownMachine(id: number): AuditObject {
  return { kind: 'machine', id, uid: null, name: null, ...noVersion }
}

function objectOfNew({ name }: NewMachine): AuditObject {
  return { kind: 'machine', id: null, uid: null, name, ...noVersion }
}

function objectOf({ id, uid, name, mac }: Machine): AuditObject {
  return { kind: 'machine', id, uid, name, version: null, hash: hash('sha256', mac, 'hex') }
}
