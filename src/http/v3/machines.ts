/** `/v3/machines` and `/v3/settings`: who may read without a key, and the switch that lets them. */
import { Type } from 'typebox'
import type { Machine } from '../../model/machine.ts'
import { maxNetworks } from '../../model/network.ts'
import type { Settings as AccountSettings } from '../../store/operation.ts'
import {
  createMachine,
  deleteMachine,
  listMachines,
  readMachine,
  readSettings,
  updateSettings,
} from '../../vault/machines.ts'
import { askerOf, identityOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { CreatedBy, shownMaker } from './made.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, responses, Time } from './schema.ts'
import type { V3 } from './typed.ts'

const Texts = Type.Array(Type.String({ maxLength: 300 }))
const Shown = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    addresses: Texts,
    scopes: Texts,
    created_at: Time,
    created_by: CreatedBy,
  },
  { title: 'Machine' },
)
const VmAuth = Type.Boolean({ description: 'true or false' })
const Settings = Type.Object({ vm_auth: VmAuth, networks: Texts, machine_networks: Texts }, { title: 'Settings' })
const Change = Type.Object(
  {
    vm_auth: Type.Optional(VmAuth),
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
    examples: [{ vm_auth: true }],
  },
)

export function machineRoutes(app: V3, { vault }: Context): void {
  const tags = ['Machines']

  app.get(
    '/machines',
    {
      schema: {
        tags,
        operationId: 'listMachines',
        summary: 'List the machines that may read without a key',
        querystring: NoQuery,
        response: responses(200, Type.Object({ machines: Type.Array(Shown) })),
      },
    },
    async (request) => ({ machines: (await listMachines(vault, askerOf(request))).map(shown) }),
  )

  app.get(
    '/machines/:id',
    {
      schema: {
        tags,
        operationId: 'getMachine',
        summary: 'Read a machine',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Shown),
      },
    },
    async (request) => shown(await readMachine(vault, askerOf(request), idOf(request.params))),
  )

  app.post(
    '/machines',
    {
      schema: {
        tags,
        operationId: 'createMachine',
        gives: ['Location'],
        summary: 'Register a machine',
        description:
          'What asks from its addresses may read without a key, while `vm_auth` is on. No address may belong to two machines, of whatever account.',
        querystring: NoQuery,
        body: Type.Object(
          {
            name: Type.String({ maxLength: 128, description: 'a name of 1 to 128 characters' }),
            addresses: Type.Array(Type.String({ maxLength: 64 }), { description: 'addresses or networks' }),
            scopes: Type.Optional(Texts),
          },
          {
            title: 'NewMachine',
            additionalProperties: false,
            description: 'a JSON object',
            examples: [{ name: 'web-1', addresses: ['192.0.2.17'] }],
          },
        ),
        response: responses(201, Shown, 409),
      },
    },
    async (request, reply) => {
      const { name, addresses, scopes } = request.body
      const input = { name, addresses, scopes }
      const machine = await createMachine(vault, askerOf(request), identityOf(request), input)
      reply.code(201).header('location', `/v3/machines/${machine.id}`)
      return shown(machine)
    },
  )

  app.delete(
    '/machines/:id',
    {
      schema: {
        tags,
        operationId: 'deleteMachine',
        summary: 'Remove a machine',
        description: 'Its next request needs a key.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Message),
      },
    },
    async (request) => {
      await deleteMachine(vault, askerOf(request), idOf(request.params))
      return { message: 'Machine deleted successfully' }
    },
  )
}

export function settingsRoutes(app: V3, { vault }: Context): void {
  const tags = ['Settings']

  app.get(
    '/settings',
    {
      schema: {
        tags,
        operationId: 'getSettings',
        summary: "Read the account's settings",
        querystring: NoQuery,
        response: responses(200, Settings),
      },
    },
    async (request) => shownSettings(await readSettings(vault, askerOf(request))),
  )

  app.put(
    '/settings',
    {
      schema: {
        tags,
        operationId: 'updateSettings',
        summary: "Change the account's settings",
        description: [
          'What is not named stays as it is. `vm_auth`: whether registered machines may read without a key; off until it is turned on.',
          '`networks`: API keys, sessions, seeds and machines of the account work from these alone; they must hold the address that asks.',
          '`machine_networks` are what the host gave the account for its machines.',
        ].join(' '),
        querystring: NoQuery,
        body: Change,
        response: responses(200, Settings),
      },
    },
    async (request) => {
      const { vm_auth: vmAuth, networks } = request.body
      return shownSettings(await updateSettings(vault, askerOf(request), { vmAuth, networks }))
    },
  )
}

function shownSettings({ vmAuth, networks, machineNetworks }: AccountSettings) {
  return { vm_auth: vmAuth, networks: [...networks], machine_networks: [...machineNetworks] }
}

function shown({ id, name, addresses, scopes, createdAt, maker }: Machine) {
  const made = { created_at: formatTime(createdAt), created_by: shownMaker(maker) }
  return { id, name, addresses: [...addresses], scopes: [...scopes], ...made }
}
