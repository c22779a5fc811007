/** `/v3/what-if` and `/v3/keys/{id}/usage`: what was done, held against what may be done. */
import { type Static, Type } from 'typebox'
import { actions } from '../../audit/record.ts'
import { invalid } from '../../errors.ts'
import { maxNetworks } from '../../model/network.ts'
import { maxScopes } from '../../model/scope.ts'
import { roles } from '../../model/user.ts'
import { readKeyUsage } from '../../vault/key-usage.ts'
import { defaultDays, maxDays } from '../../vault/uses.ts'
import { type Change, type Tried, tryChange } from '../../vault/what-if.ts'
import { askerOf } from '../asker.ts'
import { Acted } from '../made.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, KeyQuery, NoQuery, Time } from '../schema.ts'
import { EnvironmentRoles, placedRolesIn } from './users.ts'

const Id = Type.Integer({ minimum: 1 })
const Count = Type.Integer({ minimum: 0 })
const OrNull = (schema: Type.TSchema, description: string) => Type.Union([schema, Type.Null()], { description })
const From = Type.String({ description: 'Back to here the audit log was looked at.' })
const Complete = Type.Boolean({ description: 'Whether that is all of the days.' })
const Environment = OrNull(Type.String(), 'The environment that it was asked in.')
const Days = Type.Optional(
  Type.String({
    pattern: '^([1-9]|[12][0-9]|30)$',
    description: `a whole number of days from 1 to ${maxDays}; ${defaultDays} without it`,
  }),
)

const Usage = Type.Object(
  {
    key: Type.Object({ id: Id, name: Type.String() }, { title: 'UsedKey' }),
    from: From,
    complete: Complete,
    requests: Count,
    scopes: Type.Array(
      Type.Object(
        { scope: Type.String(), requests: Count, last_at: OrNull(Time, 'When it was used last.') },
        { title: 'ScopeUse', description: 'A scope that the key has, and how often it was what let it in.' },
      ),
    ),
    used: Type.Array(
      Type.Object(
        {
          ...{ right: Type.String(), name: OrNull(Type.String(), 'Of the secret, if it was about one.') },
          ...{ environment: Environment, requests: Count, last_at: Time },
        },
        { title: 'Use', description: 'A right that was used, for which secret and where.' },
      ),
    ),
    addresses: Type.Array(
      Type.Object({ address: Type.String(), requests: Count, last_at: Time }, { title: 'AddressUse' }),
    ),
    suggested: Type.Union(
      [
        Type.Object(
          { scopes: Type.Array(Type.String()), networks: Type.Array(Type.String()) },
          { title: 'SuggestedScopes', description: 'Scopes and networks that would have done.' },
        ),
        Type.Null(),
      ],
      { description: 'null where no narrower ones would have done, or where not all of its records were looked at.' },
    ),
  },
  { title: 'KeyUsage', description: 'What an API key used of what it may.' },
)

/** Secrets that are tried together. */
const maxTried = 100

const Narrowed = Type.Object(
  {
    kind: Type.Enum(['key', 'trust_rule', 'machine', 'user', 'secret'], {
      description: 'one of key, trust_rule, machine, user, secret',
    }),
    id: Type.Optional(Type.Integer({ minimum: 1, description: 'a positive integer; of secrets, in place of `ids`' })),
    ids: Type.Optional(
      Type.Array(Id, {
        minItems: 1,
        maxItems: maxTried,
        uniqueItems: true,
        description: `an array of 1 to ${maxTried} ids of secrets, each once`,
        'x-about': 'Secrets that are removed, rotated or renamed together.',
      }),
    ),
    change: Type.Enum(['narrow', 'remove', 'rotate', 'rename'], {
      description:
        'narrow, remove (revoke, disable, delete), rotate for a secret that gets another value, or rename for one that gets another name',
    }),
    scopes: Type.Optional(
      Type.Array(Type.String({ maxLength: 300 }), {
        minItems: 1,
        maxItems: maxScopes,
        description: 'of a key, a trust rule or a machine that is narrowed: the scopes that it would have',
      }),
    ),
    networks: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: maxNetworks,
        description: 'where it could be used from; none for anywhere',
      }),
    ),
    role: Type.Optional(Type.Enum([...roles], { description: 'of a user that is narrowed: the role they would have' })),
    name_patterns: Type.Optional(
      Type.Union([Type.Array(Type.String({ maxLength: 255 }), { minItems: 1, maxItems: 16 }), Type.Null()], {
        description: 'names or patterns that the role would be narrowed to; null for all secrets',
      }),
    ),
    environment_roles: Type.Optional(EnvironmentRoles),
    days: Type.Optional(
      Type.Integer({ minimum: 1, maximum: maxDays, description: `a whole number of days from 1 to ${maxDays}` }),
    ),
  },
  {
    title: 'WhatIf',
    additionalProperties: false,
    description: 'A change that is tried.',
    examples: [{ kind: 'key', id: 1, change: 'narrow', scopes: ['secrets:read:prod-*'], days: 7 }],
  },
)

const Outcome = Type.Object(
  {
    from: From,
    complete: Complete,
    requests: Type.Integer({ minimum: 0, description: 'Requests of these days that were done, and tried.' }),
    refused_requests: Type.Integer({ minimum: 0, description: 'Of those, the ones that would have been refused.' }),
    refused: Type.Array(
      Type.Object(
        {
          principal: Acted,
          action: Type.String({ description: `One of ${actions.slice(0, 3).join(', ')} and the other actions.` }),
          ...{ name: OrNull(Type.String(), 'Of what it was about.'), environment: Environment },
          ...{ requests: Count, last_at: Time },
        },
        { title: 'MissedUse', description: 'What somebody did, and would have been refused.' },
      ),
    ),
    stale_targets: Type.Array(
      Type.Object({ id: Id, target: Type.String(), environment: Type.String(), version: Id }, { title: 'StaleTarget' }),
    ),
    unresolved_templates: Type.Array(
      Type.Object({ id: Id, name: Type.String(), environments: Type.Array(Type.String()) }, { title: 'LostTemplate' }),
    ),
  },
  { title: 'Tried', description: 'What a change would have refused, and what it would make old.' },
)

export const whatIfRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/keys/:id/usage',
    operationId: 'getKeyUsage',
    tag: 'API keys',
    summary: 'Show what an API key uses of what it may',
    description:
      'Over the last `days`, by the audit log. Needs `audit:read` too. `suggested` has narrower scopes and networks, which would have allowed all that the key did.',
    scope: 'keys:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: Type.Object({ ...KeyQuery, days: Days }, { additionalProperties: false }),
      body: noBody,
      answers: { 200: Usage },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const days = Number(request.query.days ?? defaultDays)
        const usage = await readKeyUsage(vault, askerOf(request), idOf(request.params), days)
        const { key, from, isComplete: complete, requests, scopes, used, addresses, suggested } = usage
        return {
          ...{ key: { id: key.id, name: key.name }, from: new Date(from).toISOString(), complete, requests },
          scopes: scopes.map(({ scope, count, lastAt }) => {
            return { scope, requests: count, last_at: lastAt === null ? null : formatTime(lastAt) }
          }),
          used: used.map(({ right, name, environment, count, lastAt }) => {
            return { right, name, environment, requests: count, last_at: formatTime(lastAt) }
          }),
          addresses: addresses.map(({ address, count, lastAt }) => {
            return { address, requests: count, last_at: formatTime(lastAt) }
          }),
          suggested:
            suggested === undefined ? null : { scopes: [...suggested.scopes], networks: [...suggested.networks] },
        }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/what-if',
    operationId: 'tryChange',
    tag: 'Audit',
    summary: 'Try a change against the audit log',
    description:
      'Which requests of the last days a narrower API key, trust rule, machine or user, or one that is gone, would have been refused; and which targets and templates secrets that are deleted, or get another value or name, leave behind. Changes nothing.',
    scope: 'audit:read',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(Narrowed),
      answers: { 200: Outcome },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { days = defaultDays } = request.body
        return shown(await tryChange(vault, askerOf(request), changeOf(request.body), days))
      },
  }),
]

/** @throws Refusal `invalid` */
function changeOf(body: Static<typeof Narrowed>): Change {
  const { kind, id, ids, change: way } = body
  if (kind === 'secret') {
    if (way === 'narrow') throw invalid('change', 'A secret is removed, rotated or renamed.')
    if ((id === undefined) === (ids === undefined)) throw invalid('id', 'Give "id" or "ids", and not both.')
    return { kind, ids: ids ?? [id ?? 0], way }
  }
  if (ids !== undefined) throw invalid('ids', 'Only secrets are tried several at a time.')
  if (id === undefined) throw invalid('id', 'Must be a positive integer.')
  if (way === 'rotate' || way === 'rename') {
    throw invalid('change', 'Only a secret is rotated or renamed: narrow it, or remove it.')
  }
  if (way === 'remove') return { kind, id, way }
  if (kind === 'user') {
    if (body.role === undefined) throw invalid('role', 'Must be given for a user that is narrowed.')
    const environmentRoles = placedRolesIn(body.environment_roles) ?? []
    return { kind, id, way, role: body.role, patterns: body.name_patterns ?? null, environmentRoles }
  }
  if (body.scopes === undefined) throw invalid('scopes', `Must be given for a ${kind} that is narrowed.`)
  return { kind, id, way, scopes: body.scopes, networks: body.networks ?? [] }
}

function shown({ from, isComplete, requests, refusedRequests, refused, stale, templates }: Tried) {
  return {
    ...{ from: new Date(from).toISOString(), complete: isComplete, requests, refused_requests: refusedRequests },
    refused: refused.map(({ principal, action, name, environment, count, lastAt }) => ({
      principal: { kind: principal.kind, id: principal.id, name: principal.name },
      ...{ action, name, environment, requests: count, last_at: formatTime(lastAt) },
    })),
    stale_targets: stale.map(({ id, target, environment, version }) => ({ id, target, environment, version })),
    unresolved_templates: templates.map(({ id, name, environments }) => ({
      id,
      name,
      environments: [...environments],
    })),
  }
}
