/** Machines that read without a key, and the account's switch that lets them. */
import { newUid } from '../crypto/random.ts'
import {
  type AccountSettings,
  type Machine,
  machineScopes,
  machineToAuthenticate,
  parseAddresses,
  parseMachineScopes,
  settingsToAuthenticate,
} from '../model/machine.ts'
import { checkLabel } from '../model/name.ts'
import { type Asker, ask, type Identity, integrityFailure, type Vault } from './vault.ts'

export interface MachineInput {
  readonly name: string
  readonly addresses: readonly string[]
  /** Without any: everything of the account may be listed and read. */
  readonly scopes: readonly string[] | undefined
}

/** @throws Refusal `forbidden`, `integrity_failure` */
export async function listMachines(vault: Vault, asker: Asker): Promise<readonly Machine[]> {
  const machines = await ask(vault, asker, { kind: 'list_machines' })
  for (const machine of machines) await verify(vault, asker, machine)
  return machines
}

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export async function readMachine(vault: Vault, asker: Asker, id: number): Promise<Machine> {
  const machine = await ask(vault, asker, { kind: 'read_machine', id })
  await verify(vault, asker, machine)
  return machine
}

/** @throws Refusal `invalid`, `forbidden`, `name_taken` for a name, or an address that any machine has already */
export async function createMachine(
  vault: Vault,
  asker: Asker,
  { accountId, maker }: Identity,
  input: MachineInput,
): Promise<Machine> {
  const row = {
    accountId,
    uid: newUid(),
    name: checkLabel(input.name, 'name'),
    addresses: parseAddresses(input.addresses),
    scopes: parseMachineScopes(input.scopes ?? machineScopes),
    createdAt: vault.now(),
    maker,
  }
  const machine = { ...row, mac: vault.keyring.rowMac(machineToAuthenticate(row)) }
  return ask(vault, asker, { kind: 'create_machine', machine })
}

/** From now on its addresses need a key. @throws Refusal `not_found`, `forbidden` */
export async function deleteMachine(vault: Vault, asker: Asker, id: number): Promise<void> {
  await ask(vault, asker, { kind: 'delete_machine', id })
}

/** @throws Refusal `forbidden`, `integrity_failure` */
export async function readSettings(vault: Vault, asker: Asker): Promise<Pick<AccountSettings, 'vmAuth'>> {
  const settings = await ask(vault, asker, { kind: 'read_settings' })
  if (settings === undefined) return { vmAuth: false }
  if (vault.keyring.isRowMac(settingsToAuthenticate(settings), settings.mac)) return settings
  const object = { kind: 'account', id: settings.accountId, uid: null, name: null, version: null, hash: null } as const
  throw await integrityFailure(vault, asker, settings.accountId, 'settings.read', object)
}

/** @throws Refusal `forbidden` */
export function updateSettings(
  vault: Vault,
  asker: Asker,
  { accountId }: Identity,
  { vmAuth }: Pick<AccountSettings, 'vmAuth'>,
): Promise<AccountSettings> {
  const row = { accountId, vmAuth }
  const settings = { ...row, mac: vault.keyring.rowMac(settingsToAuthenticate(row)) }
  return ask(vault, asker, { kind: 'update_settings', settings })
}

async function verify(vault: Vault, asker: Asker, machine: Machine): Promise<void> {
  if (vault.keyring.isRowMac(machineToAuthenticate(machine), machine.mac)) return
  const { id, uid, name, accountId } = machine
  const object = { kind: 'machine', id, uid, name, version: null, hash: null } as const
  throw await integrityFailure(vault, asker, accountId, 'machine.read', object)
}
