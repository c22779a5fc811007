/** Machines, the addresses that they are found by, and what an account is set to. */
import type { AddressRange } from '../../model/address.ts'
import type { AccountSettings, Machine } from '../../model/machine.ts'
import { constant, flag, integer, mac, principalOrNull, text, words } from './field.ts'
import { openTable, sealedTable } from './table.ts'

export const machines = sealedTable<Machine>()({
  name: 'machines',
  key: ['accountId', 'id'],
  unique: [['accountId', 'name']],
  holdsKeys: false,
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
  unsealed: 'only lead to a machine, whose row decides; `audit verify --state` compares them',
  fields: {
    first: text('first'),
    last: text('last'),
    accountId: integer('account_id'),
    machineId: integer('machine_id'),
  },
})

export const accountSettings = sealedTable<AccountSettings>()({
  name: 'account_settings',
  key: ['accountId'],
  unique: [],
  holdsKeys: false,
  called: () => ({ kind: 'settings', id: null, uid: null, name: null }),
  whenMissing: 'refused: every account has its row',
  fields: {
    accountId: integer('account_id'),
    vmAuth: flag('vm_auth'),
    mac: mac(),
  },
})
