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
import { formatTime, IdParams, idOf, NoQuery, responses, Time } from './schema.ts'
import type { V3 } from './typed.ts'

const Texts = Type.Array(Type.String({ maxLength: 300 }))
const Shown = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  name: Type.String(),
  addresses: Texts,
  scopes: Texts,
  created_at: Time,
  created_by: CreatedBy,
})
const VmAuth = Type.Boolean({ description: 'true or false' })
const Settings = Type.Object({ vm_auth: VmAuth, networks: Texts, machine_networks: Texts })
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
  { additionalProperties: false, minProperties: 1, description: 'a JSON object with a setting' },
)

export function machineRoutes(app: V3, { vault }: Context): void {
  const tags = ['Machines']

  app.get(
    '/machines',
    {
      schema: {
        tags,
        summary: 'List the machines that may read without a key',
        querystring: NoQuery,
        response: responses(200, Type.Object({ machines: Type.Array(Shown) }), 400, 401, 403),
      },
    },
    async (request) => ({ machines: (await listMachines(vault, askerOf(request))).map(shown) }),
  )

  app.get(
    '/machines/:id',
    {
      schema: {
        tags,
        summary: 'Read a machine',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Shown, 400, 401, 403, 404),
      },
    },
    async (request) => shown(await readMachine(vault, askerOf(request), idOf(request.params))),
  )

  app.post(
    '/machines',
    {
      schema: {
        tags,
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
          { additionalProperties: false, description: 'a JSON object' },
        ),
        response: responses(201, Shown, 400, 401, 403, 409, 413, 415),
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
        summary: 'Remove a machine',
        description: 'Its next request needs a key.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Type.Object({ message: Type.String() }), 400, 401, 403, 404),
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
        summary: "Read the account's settings",
        querystring: NoQuery,
        response: responses(200, Settings, 400, 401, 403),
      },
    },
    async (request) => shownSettings(await readSettings(vault, askerOf(request))),
  )

  app.put(
    '/settings',
    {
      schema: {
        tags,
        summary: "Change the account's settings",
        description: [
          'What is not named stays as it is. `vm_auth`: whether registered machines may read without a key; off until it is turned on.',
          '`networks`: API keys, sessions, seeds and machines of the account work from these alone; they must hold the address that asks.',
          '`machine_networks` are what the host gave the account for its machines.',
        ].join(' '),
        querystring: NoQuery,
        body: Change,
        response: responses(200, Settings, 400, 401, 403, 413, 415),
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
