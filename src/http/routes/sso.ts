/** `/v3/sso` and `/v3/session/sso`: the identity provider of an account, and the way to it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { invalid, Refusal } from '../../errors.ts'
import { type SsoRole, type SsoSettings, ssoRoles } from '../../model/sign-in.ts'
import { accountCalled } from '../../vault/accounts.ts'
import { readSession } from '../../vault/sessions.ts'
import { putSso, readRules, removeSso } from '../../vault/sign-in.ts'
import { beginSso, linkStart, type SsoStart, ssoOf } from '../../vault/sso.ts'
import { authenticate } from '../../vault/vault.ts'
import { askerOf, identityOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { KeyQuery, Message, NoQuery } from '../schema.ts'
import { AccountName, accountName, strangerOf } from '../session-answer.ts'
import { setFlowCookie } from '../session-cookie.ts'
import { ssoPlace } from '../sso.ts'

const body = { additionalProperties: false, description: 'a JSON object' }
const Role = Type.Unsafe<SsoRole>(Type.String({ enum: [...ssoRoles], description: `one of ${ssoRoles.join(', ')}` }))
const Provider = {
  label: Type.String({
    maxLength: 128,
    description: 'a name of 1 to 128 characters',
    'x-about': 'What the button says.',
  }),
  issuer: Type.String({ maxLength: 1024, description: 'a URL' }),
  client_id: Type.String({ maxLength: 300, description: 'a text' }),
  domains: Type.Array(Type.String({ maxLength: 253 }), {
    description: 'Whose verified addresses may come uninvited; only with a `role`.',
  }),
  role: Type.Union([Role, Type.Null()], {
    description: `one of ${ssoRoles.join(', ')}, or null`,
    'x-about': 'What they become; `null` where only who was invited may come.',
  }),
  only: Type.Boolean({
    description: 'true or false',
    'x-about': 'Whether nobody but owners may sign in otherwise.',
  }),
}
const providerExample = {
  label: 'Example',
  issuer: 'https://id.example.com',
  client_id: 'strongroom',
  client_secret: 's3cr3t',
  domains: ['example.com'],
  role: 'reader',
  only: false,
}
const Shown = Type.Object(
  {
    ...Provider,
    redirect_uri: Type.String({ description: 'Where the provider sends people back to.' }),
    sign_in_url: Type.String({ description: 'Where people begin.' }),
  },
  { title: 'Sso', description: 'The OpenID provider that an account’s people come through.' },
)
const Return = Type.Optional(Type.String({ maxLength: 200, description: 'a path of the portal' }))
const Away = Type.Object(
  { url: Type.String({ description: 'where the browser goes' }) },
  { title: 'Away', description: 'Where the browser goes on.' },
)

export const ssoRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/session/sso',
    operationId: 'getSsoProvider',
    tag: 'Sessions',
    summary: 'Which provider one may sign in through',
    description: 'Of the account that is named; without a name, of the only one that there is.',
    scope: 'portal',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: Type.Object(
        {
          ...KeyQuery,
          account: Type.Optional(AccountName),
        },
        { additionalProperties: false },
      ),
      body: noBody,
      answers: {
        200: Type.Object({
          provider: Type.Union([
            Type.Object(
              { account: Type.String(), label: Type.String() },
              { title: 'SsoProvider', description: 'A provider that somebody may sign in through.' },
            ),
            Type.Null(),
          ]),
          account_required: Type.Boolean({
            description: 'whether the server has several accounts, so that whoever signs in must name one',
          }),
        }),
      },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const stranger = strangerOf(request)
        const { account, areSeveral } = await accountCalled(vault, stranger, request.query.account)
        const sso = account && (await ssoOf(vault, stranger, account.id))
        return {
          provider: account && sso ? { account: account.name, label: sso.label } : null,
          account_required: areSeveral,
        }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/session/sso',
    operationId: 'beginSsoSignIn',
    tag: 'Sessions',
    summary: 'Begin to sign in through the provider',
    description: '`fresh`: the provider is to ask the person, which confirms too.',
    scope: 'portal',
    repeat: { never: 'The way to the provider is good once: begin again.' },
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            account: AccountName,
            return: Return,
            fresh: Type.Optional(
              Type.Boolean({ description: 'true or false', 'x-about': 'Whether the provider is to ask the person.' }),
            ),
          },
          { ...body, examples: [{ account: 'default' }] },
        ),
      ),
      answers: { 200: Away },
      refusals: [404],
    },
    headers: { takes: [], gives: ['Set-Cookie'] },
    use: (context) => async (request, reply) => {
      const { account: name, return: path, fresh: isFresh = false } = request.body
      const { account } = await accountCalled(context.vault, strangerOf(request), name)
      if (account === undefined) throw new Refusal('not_found', 'This account has no single sign-on.')
      const start = { accountId: account.id, returnTo: returnPath(path), isFresh, userId: null }
      return away(context, start, request, reply)
    },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/session/sso/link',
    operationId: 'beginSsoLink',
    tag: 'Sessions',
    summary: 'Begin to connect your user with the provider',
    description: '',
    scope: 'session',
    repeat: { never: 'The way to the provider is good once: begin again.' },
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(Type.Object({ return: Return }, { ...body, examples: [{ return: '/portal/settings' }] })),
      answers: { 200: Away },
      refusals: [404],
    },
    headers: { takes: [], gives: ['Set-Cookie'] },
    use: (context) => async (request, reply) => {
      const session = await readSession(context.vault, askerOf(request))
      return away(context, linkStart(context.vault, session, returnPath(request.body.return)), request, reply)
    },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/sso',
    operationId: 'getSso',
    tag: 'Settings',
    summary: 'Read the single sign-on of the account',
    description: '',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Shown },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use: (context) => async (request) => {
      const { accountId } = await authenticate(context.vault, askerOf(request))
      const { sso } = await readRules(context.vault, askerOf(request))
      if (sso === null) throw new Refusal('not_found', 'The account has no single sign-on.')
      return shown(
        sso,
        ssoPlace(context, request).redirectUri,
        await accountName(context.vault, request, { accountId }),
      )
    },
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/sso',
    operationId: 'setSso',
    tag: 'Settings',
    summary: 'Set up single sign-on by OpenID Connect',
    description:
      '`role`: what somebody becomes who comes uninvited, with a verified address in one of the `domains`; null where only who was invited may come. `only`: whether nobody but owners may sign in otherwise; owners then need a second factor, and everybody else is signed out when it is switched on. Without `client_secret` the one that is there stays. For owners, and API keys that may do everything.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            ...Provider,
            client_secret: Type.Optional(
              Type.String({
                minLength: 1,
                maxLength: 1000,
                description: 'a text',
                'x-about': 'Without it, the one that is there stays.',
              }),
            ),
          },
          {
            ...body,
            title: 'NewSso',
            description: 'An OpenID provider for the people of an account.',
            examples: [providerExample],
          },
        ),
      ),
      answers: { 200: Shown },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use: (context) => async (request) => {
      const { accountId } = identityOf(request)
      const { label, issuer, client_id: clientId, client_secret: clientSecret, domains, role, only } = request.body
      // Whoever may not change it makes the server ask nobody.
      await readRules(context.vault, askerOf(request))
      await context.providers.check(issuer)
      const input = { label, issuer, clientId, clientSecret, domains, role, isOnly: only }
      const { sso } = await putSso(context.vault, askerOf(request), input)
      if (sso === null) throw new Error('It was set just now.')
      return shown(
        sso,
        ssoPlace(context, request).redirectUri,
        await accountName(context.vault, request, { accountId }),
      )
    },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/sso',
    operationId: 'removeSso',
    tag: 'Settings',
    summary: 'End single sign-on',
    description: 'Who has only come through the provider so far needs a link to set a password.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Message },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        await removeSso(vault, askerOf(request))
        return { message: 'Single sign-on removed' }
      },
  }),
]

/** Pages of the portal, in whichever environment; nothing else, and nothing of another site. */
const places =
  /^\/portal\/(@[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}\/)?((secrets|lists|deleted|webhooks|machines|deployments|cloud-init|keys|device|trust-rules|environments|users|audit|settings|signed-in)(\/\d{1,16})?)?$/

function returnPath(path = '/portal/'): string {
  if (!places.test(path)) throw invalid('return', 'Must be a page of the portal.')
  return path
}

function shown(sso: SsoSettings, redirectUri: string, account: string) {
  const { label, issuer, clientId, domains, role, isOnly } = sso
  const signIn = new URL('/portal/', redirectUri)
  signIn.searchParams.set('account', account)
  return {
    label,
    issuer,
    client_id: clientId,
    domains: [...domains],
    role,
    only: isOnly,
    redirect_uri: redirectUri,
    sign_in_url: signIn.href,
  }
}

async function away(context: Context, start: SsoStart, request: FastifyRequest, reply: FastifyReply) {
  const { url, ticket } = await beginSso(context.vault, strangerOf(request), ssoPlace(context, request), start)
  setFlowCookie(request, reply, ticket)
  return { url }
}
