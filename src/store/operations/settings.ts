/** What an account is set to. */
import type { AuditObject } from '../../audit/record.ts'
import { type Account, settingsHash } from '../../model/account.ts'
import type { AccountSettings } from '../../model/machine.ts'
import { inNetworks, withinNetworks } from '../../model/network.ts'
import type { Handed } from '../decide/grants.ts'
import { type Call, done, forbid, put, putAccount, refuse, refuseField } from '../decide/work.ts'
import type { Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { accountSettings } from '../tables/machine.ts'
import { defineOperation, overAll } from './define.ts'
import { machineHanded, machinesOf } from './machines.ts'

export interface Settings extends Pick<AccountSettings, 'vmAuth'>, Pick<Account, 'networks' | 'machineNetworks'> {}

/** What is not named stays as it is. Networks for machines are for the host alone to give. */
export type SettingsChange = { readonly [Name in keyof Settings]?: Settings[Name] | undefined }

const right = 'account:manage'

const readSettings = defineOperation<object, Settings>()({
  kind: 'read_settings',
  action: 'settings.read',
  scope: overAll(right),
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.settings(),
  decide: (call) => {
    const settings = call.work.world.get(accountSettings, call.account.id)
    if (settings === undefined) return settingsAreGone(call)
    const { networks, machineNetworks } = call.account
    return done(call, null, { vmAuth: settings.vmAuth, networks, machineNetworks })
  },
})

interface Update {
  readonly change: SettingsChange
}

const updateSettings = defineOperation<Update, Settings>()({
  kind: 'update_settings',
  action: 'settings.update',
  scope: overAll(right),
  delicate: true,
  grants: handedBySettings,
  needs: (needs) => {
    needs.settings()
    needs.machines()
  },
  decide: (call, { change }) => {
    const { work, account, request, principal } = call
    const before = work.world.get(accountSettings, account.id)
    if (before === undefined) return settingsAreGone(call)
    const own = work.world.get(accounts, account.id) ?? account
    const { networks = own.networks, machineNetworks = own.machineNetworks, vmAuth = before.vmAuth } = change
    // Networks that the host gives are given by nobody else.
    if (change.machineNetworks !== undefined && principal.kind !== 'host') return forbid(call, null, right)
    if (change.networks !== undefined && principal.kind !== 'host' && !inNetworks(networks, request.address)) {
      const detail = `Must hold the address that you ask from, ${request.address}: else you would be locked out.`
      return refuseField(call, null, 'invalid', { field: 'networks', detail })
    }
    const settings = put(work, accountSettings, { ...before, vmAuth })
    putAccount(work, { ...own, networks, machineNetworks })
    const hash = settingsHash(settings, { networks, machineNetworks })
    const object: AuditObject = { kind: 'settings', id: null, uid: null, name: null, version: null, hash }
    return done(call, object, { vmAuth, networks, machineNetworks })
  },
})

export const settingsOperations = {
  [readSettings.kind]: readSettings,
  [updateSettings.kind]: updateSettings,
}

function settingsAreGone(call: Call): Refused {
  return refuse(call, null, 'integrity_failure', 'The settings of the account are gone.')
}

/** Whoever lets machines read without a key hands on what each registered one may. */
function handedBySettings(call: Call, { change }: Update): readonly Handed[] {
  const { work, account } = call
  const { world } = work
  const own = world.get(accounts, account.id) ?? account
  // From where keys and sessions may be used: from more places than before, that lets them all in further.
  const isWider = change.networks !== undefined && !withinNetworks(change.networks, own.networks)
  const widened = isWider ? [networksHanded(change.networks ?? [])] : []
  if (change.vmAuth !== true || world.get(accountSettings, account.id)?.vmAuth === true) return widened
  const machines = machinesOf(call)
  const read = machines.map((machine) => ({ ...machineHanded(machine), thing: 'machines', object: null }) as const)
  return [...widened, ...read]
}

function networksHanded(networks: readonly string[]): Handed {
  return { thing: 'networks', object: null, scopes: [], networks, until: null, isOwner: false }
}
