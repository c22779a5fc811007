/** Machines that read without a key, and the account's switch that lets them. */
import { newUid } from '../crypto/random.ts'
import {
  type AccountSettings,
  type Machine,
  machineScopes,
  parseAddresses,
  parseMachineScopes,
} from '../model/machine.ts'
import { checkLabel } from '../model/name.ts'
import { type Asker, ask, type Identity, type Vault } from './vault.ts'

export interface MachineInput {
  readonly name: string
  readonly addresses: readonly string[]
  /** Without any: everything of the account may be listed and read. */
  readonly scopes: readonly string[] | undefined
}

/** @throws Refusal `forbidden`, `integrity_failure` */
export function listMachines(vault: Vault, asker: Asker): Promise<readonly Machine[]> {
  return ask(vault, asker, { kind: 'list_machines' })
}

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export function readMachine(vault: Vault, asker: Asker, id: number): Promise<Machine> {
  return ask(vault, asker, { kind: 'read_machine', id })
}

/** @throws Refusal `invalid`, `forbidden`, `name_taken` for a name, or an address that any machine has already */
export async function createMachine(
  vault: Vault,
  asker: Asker,
  { accountId, maker }: Identity,
  input: MachineInput,
): Promise<Machine> {
  const machine = {
    accountId,
    uid: newUid(),
    name: checkLabel(input.name, 'name'),
    addresses: parseAddresses(input.addresses),
    scopes: parseMachineScopes(input.scopes ?? machineScopes),
    createdAt: vault.now(),
    maker,
  }
  return ask(vault, asker, { kind: 'create_machine', machine })
}

/** From now on its addresses need a key. @throws Refusal `not_found`, `forbidden` */
export async function deleteMachine(vault: Vault, asker: Asker, id: number): Promise<void> {
  await ask(vault, asker, { kind: 'delete_machine', id })
}

/** @throws Refusal `forbidden`, `integrity_failure` */
export function readSettings(vault: Vault, asker: Asker): Promise<AccountSettings> {
  return ask(vault, asker, { kind: 'read_settings' })
}

/** @throws Refusal `forbidden` */
export function updateSettings(
  vault: Vault,
  asker: Asker,
  { accountId }: Identity,
  { vmAuth }: Pick<AccountSettings, 'vmAuth'>,
): Promise<AccountSettings> {
  return ask(vault, asker, { kind: 'update_settings', settings: { accountId, vmAuth } })
}
