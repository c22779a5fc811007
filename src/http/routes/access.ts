/** `/v3/secrets/{id}/access`: who can read a secret, who did, and what holds it. */
import { Type } from 'typebox'
import { type Access, type PastReader, type Reader, readAccess } from '../../vault/access.ts'
import { maxCounted } from '../../vault/activity.ts'
import { askerOf } from '../asker.ts'
import { answerListing, pageQuery } from '../listing.ts'
import { Acted } from '../made.ts'
import { defineRoute, noBody, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, parseTime, Time, TimeInput } from '../schema.ts'

const Id = Type.Integer({ minimum: 1 })
const Names = Type.Array(Type.String(), { description: 'Of environments.' })
const OrNull = (schema: Type.TSchema, description: string) => Type.Union([schema, Type.Null()], { description })

const Able = Type.Object(
  {
    principal: Acted,
    environments: Type.Array(
      Type.Object(
        { name: Type.String(), scope: Type.String({ description: 'The scope that lets it in.' }) },
        { title: 'Opening', description: 'An environment in which a secret can be read, and by which scope.' },
      ),
    ),
    role: OrNull(Type.String(), 'Of a user.'),
    trust_rule: OrNull(Id, 'Of a key that was given for a token: the id of the rule.'),
    networks: Type.Array(Type.String(), { description: 'It can from there alone; none for anywhere.' }),
    expires_at: OrNull(Time, 'When it ends.'),
  },
  { title: 'Able', description: 'Somebody who can read a secret now.' },
)

const Did = Type.Object(
  {
    principal: Acted,
    environments: Names,
    reads: Id,
    last_at: Time,
    version: OrNull(Id, 'The version that was read last.'),
    can: Type.Boolean({ description: 'Whether they can read it now.' }),
  },
  { title: 'PastReader', description: 'Somebody who has read a secret. Keys of a trust rule are counted as the rule.' },
)

const Answer = Type.Object(
  {
    secret: Type.Object({ id: Id, name: Type.String(), version: Id }, { title: 'AccessedSecret' }),
    environments: Names,
    from: Type.Optional(Type.String({ description: 'Back to here the audit log was looked at.' })),
    complete: Type.Optional(
      Type.Boolean({
        description: `Whether that is all that was asked for: of more than ${maxCounted} records, the older ones are left out. Ask on with \`to\`.`,
      }),
    ),
    did: Type.Optional(
      Type.Array(Did, { description: 'Who read it, the last one first. Who cannot any more has `can` false.' }),
    ),
    targets: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: Id,
            target: Type.String(),
            environment: Type.String(),
            version: Id,
            stale: Type.Boolean(),
            since: Time,
          },
          { title: 'Holder', description: 'A target that holds a secret.' },
        ),
      ),
    ),
    templates: Type.Optional(
      Type.Array(Type.Object({ id: Id, name: Type.String(), environments: Names }, { title: 'LeadingTemplate' }), {
        description: 'Templates that refer to it, by themselves or by others: those that this key may read.',
      }),
    ),
    cut: Type.Optional(
      Type.Array(Type.String(), { description: 'Of `did`, `targets` and `templates`, those of which there are more.' }),
    ),
    can: Type.Array(Able, {
      description: 'Users, API keys, trust rules, machines, seeds. Not the host, which may do anything.',
    }),
  },
  { title: 'Access', description: 'Who can read a secret, who did, and what holds it.' },
)

export const accessRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/secrets/:id/access',
    operationId: 'getSecretAccess',
    tag: 'Secrets',
    summary: 'Show who can read a secret, and who did',
    description:
      'Who can is decided as a read is, now: by scopes, roles, environments and their bases, networks, expiry and makers. Of environments whose records this key may not read, nothing is told. With `cursor`, only `can` goes on.',
    scope: 'audit:read',
    inEnvironment: true,
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: Type.Object(
        { ...pageQuery, from: Type.Optional(TimeInput), to: Type.Optional(TimeInput) },
        { additionalProperties: false },
      ),
      body: noBody,
      answers: { 200: Answer },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { from, to, cursor } = request.query
        const id = idOf(request.params)
        const wanted = {
          from: from === undefined ? undefined : parseTime(from, 'from'),
          to: to === undefined ? undefined : parseTime(to, 'to'),
          isNextPage: cursor !== undefined,
        }
        return answerListing(vault, request.query, reply, {
          listing: 'access',
          read: (page) => readAccess(vault, askerOf(request), id, { ...page, ...wanted }),
          shown,
          answer: (can, access) => ({ ...around(access), can }),
        })
      },
  }),
]

function around({ secret, environments, past }: Access) {
  const { id, name, version } = secret
  const head = { secret: { id, name, version }, environments: environments.map((one) => one.name) }
  if (past === undefined) return head
  return {
    ...head,
    from: new Date(past.from).toISOString(),
    complete: past.isComplete,
    did: past.did.map(shownPast),
    targets: past.holders.map(({ id: deployment, target, environment, version: held, createdAt }) => ({
      ...{ id: deployment, target, environment, version: held },
      ...{ stale: held !== version, since: formatTime(createdAt) },
    })),
    templates: past.templates.map((one) => ({ id: one.id, name: one.name, environments: [...one.environments] })),
    cut: [...past.cut],
  }
}

function shownPast({ principal, environments, reads, lastAt, version, isAble }: PastReader) {
  const { kind, id, name } = principal
  return {
    principal: { kind, id, name },
    ...{ environments: [...environments], reads, last_at: formatTime(lastAt), version, can: isAble },
  }
}

function shown({ principal, openings, role, ruleId, networks, expiresAt }: Reader) {
  const { kind, id, name } = principal
  return {
    principal: { kind, id, name },
    environments: openings.map(({ environment, scope }) => ({ name: environment.name, scope })),
    role: role ?? null,
    trust_rule: ruleId ?? null,
    networks: [...networks],
    expires_at: expiresAt === null ? null : formatTime(expiresAt),
  }
}
