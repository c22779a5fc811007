/** `/v3/trust-rules`: whose tokens are traded for API keys, and of which scopes. */
import { type Static, Type } from 'typebox'
import { maxNetworks } from '../../model/network.ts'
import { maxScopes } from '../../model/scope.ts'
import {
  defaultKeyTtlSeconds,
  maxKeyTtlSeconds,
  maxRuleNameLength,
  minKeyTtlSeconds,
  type TrustRule,
} from '../../model/trust-rule.ts'
import {
  createTrustRule,
  deleteTrustRule,
  listTrustRules,
  readTrustRule,
  type TrustRuleParts,
  updateTrustRule,
} from '../../vault/trust-rules.ts'
import { askerOf, identityOf } from '../asker.ts'
import { answerListing, PageQuery } from '../listing.ts'
import { CreatedBy, shownMaker } from '../made.ts'
import { markReplayed } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, Time } from '../schema.ts'

const KeySet = Type.Object(
  { keys: Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: 100 }) },
  { title: 'KeySet', description: 'Public keys of an issuer (RFC 7517).' },
)
const OrNull = <T extends Type.TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description })

const required = {
  name: Type.String({ maxLength: maxRuleNameLength, description: `a name of 1 to ${maxRuleNameLength} characters` }),
  issuer: Type.String({ maxLength: 255, description: 'the URL that its tokens have as iss' }),
  audience: Type.String({ maxLength: 255, description: 'what its tokens have as aud' }),
  claims: Type.Record(Type.String({ maxLength: 128 }), Type.String({ maxLength: 512 }), {
    description: 'an object of claims, each an exact text or a pattern with *',
    examples: [{ sub: 'repo:acme@7/app@123:ref:refs/heads/main', repository_id: '123', repository_owner_id: '7' }],
  }),
  scopes: Type.Array(Type.String({ maxLength: 300 }), {
    maxItems: maxScopes,
    description: `a list of 1 to ${maxScopes} scopes`,
    examples: [['secrets:read:prod-*']],
  }),
}
const others = {
  networks: Type.Array(Type.String({ maxLength: 64 }), {
    maxItems: maxNetworks,
    description: `a list of at most ${maxNetworks} networks in CIDR notation; none for anywhere`,
  }),
  key_ttl: Type.Integer({
    description: `a whole number of seconds from ${minKeyTtlSeconds} to ${maxKeyTtlSeconds}; ${defaultKeyTtlSeconds} unless given`,
  }),
  single_use: Type.Boolean({ description: 'whether a token with a jti is good for one key only; true unless given' }),
  jwks_url: OrNull(
    Type.String({ maxLength: 512 }),
    "where the issuer's keys are, or null to look for them at the issuer",
  ),
  jwks: OrNull(KeySet, "the issuer's public keys, so that nothing is fetched, or null"),
}
const Shown = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    ...required,
    ...others,
    created_at: Time,
    updated_at: Time,
    created_by: CreatedBy,
  },
  { title: 'TrustRule', description: 'Whose tokens are traded for API keys, and of which scopes.' },
)
const example = {
  name: 'deploy',
  issuer: 'https://token.actions.githubusercontent.com',
  audience: 'https://strongroom.example.com',
  claims: { sub: 'repo:acme@7/app@123:ref:refs/heads/main', repository_id: '123', repository_owner_id: '7' },
  scopes: ['secrets:read:prod-*'],
}
const body = { additionalProperties: false, description: 'a JSON object' }
const New = Type.Object(
  { ...required, ...Type.Partial(Type.Object(others)).properties },
  { ...body, title: 'NewTrustRule', description: 'A trust rule that is to be.', examples: [example] },
)
const Change = Type.Partial(Type.Object({ ...required, ...others }), {
  ...body,
  title: 'TrustRuleChange',
  description: 'What is left out stays as it is.',
  examples: [{ key_ttl: 600 }],
})

export const trustRuleRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/trust-rules',
    operationId: 'listTrustRules',
    tag: 'Trust rules',
    summary: 'List the trust rules',
    description: 'Those whose keys this key may manage.',
    scope: 'keys:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: PageQuery,
      body: noBody,
      answers: { 200: Type.Object({ trust_rules: Type.Array(Shown) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      (request, reply) =>
        answerListing(vault, request.query, reply, {
          listing: 'trust rules',
          read: (wanted) => listTrustRules(vault, askerOf(request), wanted),
          shown,
          answer: (trust_rules) => ({ trust_rules }),
        }),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/trust-rules',
    operationId: 'createTrustRule',
    tag: 'Trust rules',
    summary: 'Create a trust rule',
    description:
      'With no more rights and networks than the key that asks, which must not expire. The rule never gives `keys:manage` or `account:manage`.',
    scope: 'keys:manage',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(New),
      answers: { 201: Shown },
      refusals: [409],
    },
    headers: { takes: [], gives: ['Location'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { name, issuer, audience, claims, scopes } = request.body
        const input = { ...partsOf(request.body), name, issuer, audience, claims, scopes }
        const made = await createTrustRule(vault, askerOf(request), identityOf(request), input)
        const { result: rule, isReplayed } = made
        markReplayed(reply, isReplayed).header('location', `/v3/trust-rules/${rule.id}`)
        return shown(rule)
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/trust-rules/:id',
    operationId: 'getTrustRule',
    tag: 'Trust rules',
    summary: 'Read a trust rule',
    description: '',
    scope: 'keys:manage',
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
        shown(await readTrustRule(vault, askerOf(request), idOf(request.params))),
  }),

  defineRoute({
    method: 'PATCH',
    path: '/v3/trust-rules/:id',
    operationId: 'updateTrustRule',
    tag: 'Trust rules',
    summary: 'Change a trust rule',
    description:
      'Keys that were made under it keep what they were given, until they end. `created_by` names from now on who changed it.',
    scope: 'keys:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: json(Change),
      answers: { 200: Shown },
      refusals: [409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { params, body } = request
        return shown(await updateTrustRule(vault, askerOf(request), identityOf(request), idOf(params), partsOf(body)))
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/trust-rules/:id',
    operationId: 'deleteTrustRule',
    tag: 'Trust rules',
    summary: 'Delete a trust rule',
    description: 'Every key that was made under it is revoked.',
    scope: 'keys:manage',
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
        await deleteTrustRule(vault, askerOf(request), idOf(request.params))
        return { message: 'Trust rule deleted successfully' }
      },
  }),
]

function partsOf(given: Static<typeof Change>): TrustRuleParts {
  const { name, issuer, audience, claims, scopes, networks, jwks } = given
  const { key_ttl: keyTtlSeconds, single_use: isSingleUse, jwks_url: jwksUrl } = given
  return { name, issuer, audience, claims, scopes, networks, keyTtlSeconds, isSingleUse, jwksUrl, jwks }
}

function shown(rule: TrustRule) {
  return {
    id: rule.id,
    name: rule.name,
    issuer: rule.issuer,
    audience: rule.audience,
    claims: Object.fromEntries(rule.claims.map(({ name, pattern }) => [name, pattern])),
    scopes: [...rule.scopes],
    networks: [...rule.networks],
    key_ttl: rule.keyTtlSeconds,
    single_use: rule.isSingleUse,
    jwks_url: rule.jwksUrl,
    jwks: rule.jwks === null ? null : (JSON.parse(rule.jwks) as Static<typeof KeySet>),
    created_at: formatTime(rule.createdAt),
    updated_at: formatTime(rule.updatedAt),
    created_by: shownMaker(rule.maker),
  }
}
