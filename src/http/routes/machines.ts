/** `/v3/machines`: who may read without a key, while the account's settings let them. */
import { Type } from 'typebox'
import type { Machine } from '../../model/machine.ts'
import { createMachine, deleteMachine, listMachines, readMachine } from '../../vault/machines.ts'
import { askerOf, identityOf } from '../asker.ts'
import { answerListing, PageQuery } from '../listing.ts'
import { CreatedBy, shownMaker } from '../made.ts'
import { markReplayed } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, Time } from '../schema.ts'

const Text = Type.String({ maxLength: 300 })
const Shown = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    addresses: Type.Array(Text, { description: 'Addresses and networks, which no other machine has.' }),
    scopes: Type.Array(Text, { description: 'What it may list and read.' }),
    created_at: Time,
    created_by: CreatedBy,
  },
  { title: 'Machine', description: 'What asks from these addresses may read without a key, while `vm_auth` is on.' },
)
export const machineRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/machines',
    operationId: 'listMachines',
    tag: 'Machines',
    summary: 'List the machines that may read without a key',
    description: '',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: PageQuery,
      body: noBody,
      answers: { 200: Type.Object({ machines: Type.Array(Shown) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      (request, reply) =>
        answerListing(vault, request.query, reply, {
          listing: 'machines',
          read: (wanted) => listMachines(vault, askerOf(request), wanted),
          shown,
          answer: (machines) => ({ machines }),
        }),
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/machines/:id',
    operationId: 'getMachine',
    tag: 'Machines',
    summary: 'Read a machine',
    description: '',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Shown },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown(await readMachine(vault, askerOf(request), idOf(request.params))),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/machines',
    operationId: 'createMachine',
    tag: 'Machines',
    summary: 'Register a machine',
    description:
      'What asks from its addresses may read without a key, while `vm_auth` is on. No address may belong to two machines, of whatever account.',
    scope: 'account:manage',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            name: Type.String({ maxLength: 128, description: 'a name of 1 to 128 characters' }),
            addresses: Type.Array(Type.String({ maxLength: 64 }), {
              description: 'Addresses or networks that no other machine has.',
            }),
            scopes: Type.Optional(
              Type.Array(Text, {
                description: 'Only to list and to read; without any, everything.',
              }),
            ),
          },
          {
            title: 'NewMachine',
            additionalProperties: false,
            description: 'A machine that is to be.',
            examples: [{ name: 'web-1', addresses: ['192.0.2.17'] }],
          },
        ),
      ),
      answers: { 201: Shown },
      refusals: [409],
    },
    headers: { takes: [], gives: ['Location'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { name, addresses, scopes } = request.body
        const input = { name, addresses, scopes }
        const made = await createMachine(vault, askerOf(request), identityOf(request), input)
        const { result: machine, isReplayed } = made
        markReplayed(reply, isReplayed).header('location', `/v3/machines/${machine.id}`)
        return shown(machine)
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/machines/:id',
    operationId: 'deleteMachine',
    tag: 'Machines',
    summary: 'Remove a machine',
    description: 'Its next request needs a key.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Message },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        await deleteMachine(vault, askerOf(request), idOf(request.params))
        return { message: 'Machine deleted successfully' }
      },
  }),
]

function shown({ id, name, addresses, scopes, createdAt, maker }: Machine) {
  const made = { created_at: formatTime(createdAt), created_by: shownMaker(maker) }
  return { id, name, addresses: [...addresses], scopes: [...scopes], ...made }
}
