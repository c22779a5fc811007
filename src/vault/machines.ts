/** Machines that read without a key, and the account's switch that lets them. */
import { newUid } from '../crypto/random.ts'
import { invalid, Refusal } from '../errors.ts'
import { overlap } from '../model/address.ts'
import { partBeyond } from '../model/grant.ts'
import { type Machine, machineScopes, parseAddresses, parseMachineScopes, rangesOf } from '../model/machine.ts'
import { checkLabel } from '../model/name.ts'
import { parseNetworks, withinNetworks } from '../model/network.ts'
import { parseScopes } from '../model/scope.ts'
import { machineListing } from '../store/listings.ts'
import type { HeldMachines, Settings, SettingsChange, Updated } from '../store/operations/settings.ts'
import { accountsThat, askerOf, findAccount, type HostAsker, onHost } from './accounts.ts'
import { type Lease, leadOnce } from './leases.ts'
import { everyRow, type Found, find, type Wanted } from './pages.ts'
import { Pace } from './scan-in-turns.ts'
import {
  type Asker,
  ask,
  askOnce,
  type Identity,
  type MadeOnce,
  outdated,
  tryAsk,
  type Vault,
  verify,
} from './vault.ts'

const maxTries = 20

export interface MachineInput {
  readonly name: string
  readonly addresses: readonly string[]
  /** Without any: everything of the account may be listed and read. */
  readonly scopes: readonly string[] | undefined
}

/** By ascending id. @throws Refusal `forbidden`, `integrity_failure` */
export async function listMachines(vault: Vault, asker: Asker, wanted: Wanted): Promise<Found<Machine>> {
  const { accountId } = await ask(vault, asker, { kind: 'list_machines' })
  return find(vault, asker, accountId, { table: 'machines', action: 'machine.list', rows: machineListing }, wanted)
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
): Promise<MadeOnce<Machine>> {
  const machine = {
    accountId,
    uid: newUid(),
    name: checkLabel(input.name, 'name'),
    addresses: parseAddresses(input.addresses),
    scopes: parseMachineScopes(input.scopes ?? machineScopes),
    createdAt: vault.now(),
    maker,
  }
  return askOnce(vault, asker, { kind: 'create_machine', machine })
}

/** From now on its addresses need a key. @throws Refusal `not_found`, `forbidden` */
export async function deleteMachine(vault: Vault, asker: Asker, id: number): Promise<void> {
  await ask(vault, asker, { kind: 'delete_machine', id })
}

/** @throws Refusal `forbidden`, `integrity_failure` */
export function readSettings(vault: Vault, asker: Asker): Promise<Settings> {
  return ask(vault, asker, { kind: 'read_settings' })
}

/**
 * Changes what is named. Networks of the account hold for its API keys, sessions, seeds and machines at once.
 *
 * @throws Refusal `forbidden`, `invalid` for networks without the asker's address
 */
export function updateSettings(
  vault: Vault,
  asker: Asker,
  { vmAuth, networks, recoveryDays }: Pick<SettingsChange, 'vmAuth' | 'networks' | 'recoveryDays'>,
): Promise<Settings> {
  return change(vault, asker, { vmAuth, recoveryDays, networks: networks && parseNetworks(networks) })
}

async function change(vault: Vault, asker: Asker, wanted: SettingsChange): Promise<Settings> {
  let held: HeldMachines | undefined
  for (let tries = 0; tries < maxTries; tries++) {
    const updated = await tryAsk(vault, asker, { kind: 'update_settings', change: wanted, held })
    // Nothing else outdates it.
    if (updated === outdated) throw notAlone()
    if (updated.state === 'updated') return updated.settings
    held = await holdMachines(vault, asker, updated)
  }
  throw new Refusal('overloaded', 'The machines keep changing. Try again.', { headers: { 'retry-after': '1' } })
}

/** Looks at every machine, in turns with others, up to the first that reaches further. */
async function holdMachines(
  vault: Vault,
  asker: Asker,
  { accountId, reach, nextId }: Extract<Updated, { readonly state: 'unheld' }>,
): Promise<HeldMachines> {
  const pace = new Pace()
  for await (const machine of everyRow(vault, accountId, machineListing)) {
    await verify(vault, asker, 'machines', machine, 'machine.read')
    const { scopes, addresses: networks } = machine
    const made = { scopes: parseScopes(scopes), networks, until: null, isOwner: false }
    if (machine.id < nextId && partBeyond(made, reach) !== undefined) return { reach, nextId, beyond: machine.id }
    await pace.after(1)
  }
  return { reach, nextId, beyond: undefined }
}

/**
 * Says, on the host, which addresses an account may have for its machines. An address is given to one account alone: so one command at
 * a time looks at all accounts, and gives what it found to be free.
 *
 * @throws Refusal `not_found`, `invalid` for addresses of another account, or without those of the account's own machines;
 *   `overloaded` while another command gives some
 */
export async function giveMachineNetworks(
  vault: Vault,
  host: HostAsker,
  name: string,
  networks: readonly string[],
): Promise<readonly string[]> {
  let given: readonly string[] | undefined
  const work = async (lease: Lease) => {
    given = await giveUnder(vault, host, name, networks, lease)
  }
  await leadOnce(vault, { name: 'machine networks', work })
  if (given === undefined) throw notAlone()
  return given
}

async function giveUnder(
  vault: Vault,
  host: HostAsker,
  name: string,
  networks: readonly string[],
  lease: Lease,
): Promise<readonly string[]> {
  const account = await findAccount(vault, name)
  const given = parseNetworks(networks)
  const ranges = rangesOf({ addresses: given })
  for await (const machine of everyRow(vault, account.id, machineListing)) {
    if (given.length > 0 && !withinNetworks(machine.addresses, given)) {
      throw invalid('networks', `Machine ${machine.id} (${machine.name}) has other addresses. Delete it first.`)
    }
  }
  for (const other of await accountsThat(vault, onHost, ({ id }) => id !== account.id)) {
    const held = [...rangesOf({ addresses: other.machineNetworks }), ...(await vault.store.claims(other.id))]
    if (held.some((range) => ranges.some((one) => overlap(one, range)))) {
      throw invalid('networks', `The account ${other.name} has some of these addresses. One address is of one account.`)
    }
  }
  return (await change(vault, { ...askerOf(host, account.id), lease }, { machineNetworks: given })).machineNetworks
}

function notAlone(): Refusal {
  return new Refusal('overloaded', 'Another command gives addresses to an account at the moment. Try again.', {
    headers: { 'retry-after': '1' },
  })
}
