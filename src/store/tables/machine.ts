/** Machines, the addresses that they are found by, and what an account is set to. */
import type { AddressRange } from '../../model/address.ts'
import { type AccountSettings, type Machine, rangesOf } from '../../model/machine.ts'
import { index, part, plainly } from '../rows.ts'
import { constant, flag, integer, mac, principalOrNull, text, words } from './field.ts'
import { removal } from './removal.ts'
import { openTable, sealedTable } from './table.ts'

/** Addresses that a machine holds: no other of any account may. */
export interface Claim extends AddressRange {
  readonly accountId: number
  readonly machineId: number
}

export const machineAddresses = openTable<Claim>()({
  name: 'machine_addresses',
  key: ['first'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  unsealed: 'only lead to a machine, whose row decides; `audit verify --state` compares them',
  fields: {
    first: text('first'),
    last: text('last'),
    accountId: integer('account_id'),
    machineId: integer('machine_id'),
  },
})

/** The claim that covers an address. */
export function claimOn(claims: Iterable<Claim>, address: string): Claim | undefined {
  for (const claim of claims) if (claim.first <= address && address <= claim.last) return claim
  return undefined
}

function claimsOf(machine: Machine): Claim[] {
  const { accountId, id: machineId } = machine
  return rangesOf(machine).map(({ first, last }) => ({ first, last, accountId, machineId }))
}

const addressRows = part(machineAddresses, 'machineId', removal(machineAddresses, ['accountId', 'machineId']), claimsOf)

export const machines = sealedTable<Machine>()({
  name: 'machines',
  key: ['accountId', 'id'],
  unique: [['accountId', 'name']],
  holdsKeys: false,
  writing: { ...plainly, changed: 'replaced', parts: [addressRows] },
  called: ({ id, uid, name }) => ({ kind: 'machine', id, uid, name }),
  whenMissing: 'the machine is unknown: 401',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid', constant),
    name: text('name', constant),
    addresses: words('addresses', constant),
    scopes: words('scopes', constant),
    createdAt: integer('created_ms', constant),
    mac: mac(),
    maker: principalOrNull('maker', { ...constant, added: { by: '0011-makers', value: null } }),
  },
})

export const machinesByName = index(machines, 'accountId', 'name')

export const accountSettings = sealedTable<AccountSettings>()({
  name: 'account_settings',
  key: ['accountId'],
  unique: [],
  holdsKeys: false,
  writing: { ...plainly, changed: 'put' },
  called: () => ({ kind: 'settings', id: null, uid: null, name: null }),
  whenMissing: 'refused: every account has its row',
  fields: {
    accountId: integer('account_id'),
    vmAuth: flag('vm_auth'),
    mac: mac(),
    recoveryDays: integer('recovery_days', { added: { by: '0028-recovery', value: 0 } }),
  },
})
