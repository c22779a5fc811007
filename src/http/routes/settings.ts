/** `/v3/settings`: whether machines may read without a key, and where the account works from. */
import { Type } from 'typebox'
import { maxRecoveryDays } from '../../model/deleted.ts'
import { maxNetworks } from '../../model/network.ts'
import type { Settings as AccountSettings } from '../../store/operation.ts'
import { readSettings, updateSettings } from '../../vault/machines.ts'
import { askerOf } from '../asker.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { NoQuery } from '../schema.ts'

const Text = Type.String({ maxLength: 300 })
const VmAuth = Type.Boolean({ description: 'true or false', 'x-about': 'Whether machines may read without a key.' })
const RecoveryDays = Type.Integer({
  minimum: 0,
  maximum: maxRecoveryDays,
  description: `a whole number from 0 to ${maxRecoveryDays}`,
  'x-about': 'For how many days what is deleted can be restored; 0: deletion is permanent.',
})
const Settings = Type.Object(
  {
    vm_auth: VmAuth,
    networks: Type.Array(Text, {
      description: 'Where its API keys, sessions, seeds and machines work from; none: from anywhere.',
    }),
    machine_networks: Type.Array(Text, { description: 'What the host gave it for its machines.' }),
    recovery_days: RecoveryDays,
  },
  { title: 'Settings', description: 'The settings of an account.' },
)
const Change = Type.Object(
  {
    vm_auth: Type.Optional(VmAuth),
    recovery_days: Type.Optional(RecoveryDays),
    networks: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: maxNetworks,
        description: `at most ${maxNetworks} networks such as 10.0.0.0/8, or none for anywhere`,
      }),
    ),
  },
  {
    title: 'SettingsChange',
    additionalProperties: false,
    minProperties: 1,
    description: 'a JSON object with a setting',
    'x-about': 'What is not named stays as it is.',
    examples: [{ vm_auth: true }],
  },
)

export const settingsRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/settings',
    operationId: 'getSettings',
    tag: 'Settings',
    summary: "Read the account's settings",
    description: '',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Settings },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown(await readSettings(vault, askerOf(request))),
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/settings',
    operationId: 'updateSettings',
    tag: 'Settings',
    summary: "Change the account's settings",
    description: [
      'What is not named stays as it is. `vm_auth`: whether registered machines may read without a key; off until it is turned on.',
      '`networks`: API keys, sessions, seeds and machines of the account work from these alone; they must hold the address that asks.',
      '`recovery_days`: for so many days what is deleted can be restored; lowered, it ends that for what was deleted before, and 0 for all.',
      '`machine_networks` are what the host gave the account for its machines.',
    ].join(' '),
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(Change),
      answers: { 200: Settings },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { vm_auth: vmAuth, networks, recovery_days: recoveryDays } = request.body
        return shown(await updateSettings(vault, askerOf(request), { vmAuth, networks, recoveryDays }))
      },
  }),
]

function shown({ vmAuth, networks, machineNetworks, recoveryDays }: AccountSettings) {
  return {
    vm_auth: vmAuth,
    networks: [...networks],
    machine_networks: [...machineNetworks],
    recovery_days: recoveryDays,
  }
}
