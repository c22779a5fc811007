/** `/v3/seeds`: one-time seeds for machines. The URL is in the answer that makes a seed, and nowhere after. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { labelRule } from '../../model/name.ts'
import { maxLifetimeSeconds, type Seed, seedDocuments, seedState } from '../../model/seed.ts'
import { createSeed, deleteSeed, listSeeds, readSeed } from '../../vault/seeds.ts'
import { askerOf, identityOf } from '../asker.ts'
import { answerListing, pageQuery } from '../listing.ts'
import { MadeBefore, madeBefore } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, Time } from '../schema.ts'

const Id = Type.Integer({ minimum: 1 })
const Document = Type.Optional(Type.String({ description: 'a text' }))
const Count = Type.Integer({ minimum: 0 })
const Fetches = Type.Object({ user_data: Count, meta_data: Count, vendor_data: Count, network_config: Count })
const Shown = Type.Object(
  {
    id: Id,
    target: Type.String(),
    state: Type.String({ enum: ['open', 'used', 'expired'] }),
    max_fetches: Id,
    fetches: Fetches,
    created_at: Time,
    expires_at: Time,
    used_at: Type.Union([Time, Type.Null()]),
    refetched_at: Type.Union([Time, Type.Null()], {
      description:
        'When it was last asked again for what had been fetched, as its machine does at each later boot; to the hour.',
    }),
  },
  { title: 'Seed', description: 'A seed, and how often it was fetched.' },
)
const Issued = Type.Object(
  {
    id: Id,
    url: Type.String({ description: 'What to give to the machine. It is not shown again.' }),
    target: Type.String(),
    expires_at: Time,
  },
  { title: 'IssuedSeed', description: 'A seed that was just made.' },
)

export const seedRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/seeds',
    operationId: 'createSeed',
    tag: 'Seeds',
    summary: 'Make a seed',
    description:
      "A NoCloud data source for one machine: its templates are kept sealed, and rendered with the newest values when the machine asks. A seed that could not be rendered now is refused, unless `check` is `false`; for that, what it refers to is read as by the asker, and nothing of it is kept or answered. User-data may be fetched `max_fetches` times, once unless it is said otherwise. It gives values until its time, its use, or its maker's revocation ends that; a seed that was used then goes on telling its machine at each boot which machine it is, until it is deleted.",
    scope: 'secrets:read',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            user_data: Type.String({ description: 'a text' }),
            target: Type.String({ maxLength: 128, description: labelRule, 'x-about': 'The name of the machine.' }),
            meta_data: Document,
            vendor_data: Document,
            network_config: Document,
            expires_in: Type.Optional(
              Type.Integer({
                description: `a whole number of seconds from 1 to ${maxLifetimeSeconds}`,
                'x-about': 'In seconds; an hour unless it is said otherwise, seven days at most.',
              }),
            ),
            max_fetches: Type.Optional(
              Type.Integer({
                description: 'a whole number from 1 to 100',
                'x-about': 'How often user-data may be fetched; once unless it is said otherwise.',
              }),
            ),
            check: Type.Optional(
              Type.Boolean({
                description: 'true or false',
                'x-about':
                  'With `false` the seed is made even if its documents could not be rendered with the values of now.',
              }),
            ),
          },
          {
            title: 'NewSeed',
            additionalProperties: false,
            description: 'A NoCloud data source for one machine.',
            examples: [{ user_data: '#cloud-config\n', target: 'web-1' }],
          },
        ),
      ),
      answers: { 200: MadeBefore, 201: Issued },
      refusals: [422],
    },
    headers: { takes: [], gives: ['Location'] },
    use:
      ({ vault, publicUrl }) =>
      async (request, reply) => {
        const {
          target,
          expires_in: lifetimeSeconds,
          max_fetches: maxFetches = 1,
          check: isChecked = true,
        } = request.body
        const documents = Object.fromEntries(
          seedDocuments.flatMap((name) => {
            const text = request.body[fieldOf(name)]
            return text === undefined ? [] : [[name, text]]
          }),
        )
        if (!target.isWellFormed()) throw invalid('target', `Must be ${labelRule}.`)
        const input = { target, documents, lifetimeSeconds, maxFetches, isChecked }
        const { seed, token } = await createSeed(vault, askerOf(request), identityOf(request), input)
        reply.header('location', `/v3/seeds/${seed.id}`)
        if (token === undefined)
          return madeBefore(reply, 'Seed', seed.id, 'For a usable one, delete it and make another.')
        reply.code(201)
        return {
          id: seed.id,
          url: urlOf(publicUrl, request, token),
          target: seed.target,
          expires_at: formatTime(seed.expiresAt),
        }
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/seeds',
    operationId: 'listSeeds',
    tag: 'Seeds',
    summary: 'List seeds',
    description: 'One’s own; with `account:manage`, all of the account. The oldest first, unless `order` is `desc`.',
    scope: 'secrets:read',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: Type.Object(
        {
          ...pageQuery,
          order: Type.Optional(
            Type.Enum(['asc', 'desc'] as const, {
              description: '"asc" or "desc"',
              'x-about': 'With `desc`, the newest first.',
            }),
          ),
        },
        { additionalProperties: false },
      ),
      body: noBody,
      answers: { 200: Type.Object({ seeds: Type.Array(Shown) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      (request, reply) => {
        const isDown = request.query.order === 'desc'
        return answerListing(vault, request.query, reply, {
          listing: isDown ? 'seeds desc' : 'seeds',
          read: (wanted) => listSeeds(vault, askerOf(request), wanted, { isDown }),
          shown: (seed) => shown(seed, vault.now()),
          answer: (seeds) => ({ seeds }),
        })
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/seeds/:id',
    operationId: 'getSeed',
    tag: 'Seeds',
    summary: 'Show a seed',
    description: '',
    scope: 'secrets:read',
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
        shown(await readSeed(vault, askerOf(request), idOf(request.params)), vault.now()),
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/seeds/:id',
    operationId: 'deleteSeed',
    tag: 'Seeds',
    summary: 'Revoke a seed',
    description:
      'Its URL leads nowhere from now on. A machine that still has the URL takes itself for a new one at its next boot.',
    scope: 'secrets:read',
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
        await deleteSeed(vault, askerOf(request), idOf(request.params))
        return { message: 'Seed deleted successfully' }
      },
  }),
]

function urlOf(publicUrl: string | undefined, { protocol, host }: FastifyRequest, token: string): string {
  return `${publicUrl ?? `${protocol}://${host}`}/seed/${token}/`
}

function fieldOf(document: (typeof seedDocuments)[number]) {
  return document.replace('-', '_') as 'user_data' | 'meta_data' | 'vendor_data' | 'network_config'
}

function shown(seed: Seed, now: number) {
  const [userData = 0, metaData = 0, vendorData = 0, networkConfig = 0] = seed.fetches
  return {
    id: seed.id,
    target: seed.target,
    state: seedState(seed, now),
    max_fetches: seed.maxFetches,
    fetches: { user_data: userData, meta_data: metaData, vendor_data: vendorData, network_config: networkConfig },
    created_at: formatTime(seed.createdAt),
    expires_at: formatTime(seed.expiresAt),
    used_at: seed.usedAt === null ? null : formatTime(seed.usedAt),
    refetched_at: seed.refetchedAt === null ? null : formatTime(seed.refetchedAt),
  }
}
