/** `/v3/sign-in`, `/v3/sso` and `/v3/session/sso`: how an account's people must sign in, and the way to its provider. */
import { Type } from 'typebox'
import { invalid, Refusal } from '../../errors.ts'
import { type SsoRole, type SsoSettings, ssoRoles } from '../../model/sign-in.ts'
import { accountCalled } from '../../vault/accounts.ts'
import { readSession } from '../../vault/sessions.ts'
import { putSso, readRules, removeSso, requireSecondFactor } from '../../vault/sign-in.ts'
import { beginSso, linkStart, type SsoStart, ssoOf } from '../../vault/sso.ts'
import { authenticate } from '../../vault/vault.ts'
import { askerOf, identityOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { setFlowCookie } from '../session-cookie.ts'
import { ssoPlace } from '../sso.ts'
import { AccountName, accountName, forPortal, strangerOf } from './people.ts'
import { KeyQuery, Message, NoQuery, responses } from './schema.ts'
import type { V3 } from './typed.ts'

const body = { additionalProperties: false, description: 'a JSON object' }
const Rules = Type.Object(
  { second_factor_required: Type.Boolean({ description: 'true or false' }) },
  { ...body, title: 'SignInRules', examples: [{ second_factor_required: false }] },
)
const Role = Type.Unsafe<SsoRole>(Type.String({ enum: [...ssoRoles], description: `one of ${ssoRoles.join(', ')}` }))
const Provider = {
  label: Type.String({ maxLength: 128, description: 'a name of 1 to 128 characters' }),
  issuer: Type.String({ maxLength: 1024, description: 'a URL' }),
  client_id: Type.String({ maxLength: 300, description: 'a text' }),
  domains: Type.Array(Type.String({ maxLength: 253 }), { description: 'domains' }),
  role: Type.Union([Role, Type.Null()], { description: `one of ${ssoRoles.join(', ')}, or null` }),
  only: Type.Boolean({ description: 'true or false' }),
}
const Shown = Type.Object({ ...Provider, redirect_uri: Type.String(), sign_in_url: Type.String() }, { title: 'Sso' })
const Return = Type.Optional(Type.String({ maxLength: 200, description: 'a path of the portal' }))
const Away = Type.Object({ url: Type.String({ description: 'where the browser goes' }) }, { title: 'Away' })

/** For owners: `/v3/sign-in` and `/v3/sso`. */
export function signInRuleRoutes(app: V3, context: Context): void {
  const { vault } = context
  const tags = ['Settings']

  app.get(
    '/sign-in',
    {
      schema: {
        tags,
        operationId: 'getSignInRules',
        summary: 'How the people of the account must sign in',
        querystring: NoQuery,
        response: responses(200, Rules),
      },
    },
    async (request) => {
      return { second_factor_required: (await readRules(vault, askerOf(request))).isSecondFactorRequired }
    },
  )

  app.put(
    '/sign-in',
    {
      schema: {
        tags,
        operationId: 'updateSignInRules',
        summary: 'Change how the people of the account must sign in',
        description:
          'With `second_factor_required` a password alone is never enough: whoever has no second factor is signed out, and sets one up at the next sign-in. For owners, and API keys that may do everything.',
        querystring: NoQuery,
        body: Rules,
        response: responses(200, Rules),
      },
    },
    async (request) => {
      const isRequired = request.body.second_factor_required
      const rules = await requireSecondFactor(vault, askerOf(request), isRequired)
      return { second_factor_required: rules.isSecondFactorRequired }
    },
  )

  app.get(
    '/sso',
    {
      schema: {
        tags,
        operationId: 'getSso',
        summary: 'Read the single sign-on of the account',
        querystring: NoQuery,
        response: responses(200, Shown, 404),
      },
    },
    async (request) => {
      const { accountId } = await authenticate(vault, askerOf(request))
      const { sso } = await readRules(vault, askerOf(request))
      if (sso === null) throw new Refusal('not_found', 'The account has no single sign-on.')
      return shown(sso, ssoPlace(context, request).redirectUri, await accountName(vault, request, { accountId }))
    },
  )

  app.put(
    '/sso',
    {
      schema: {
        tags,
        operationId: 'setSso',
        summary: 'Set up single sign-on by OpenID Connect',
        description:
          '`role`: what somebody becomes who comes uninvited, with a verified address in one of the `domains`; null where only who was invited may come. `only`: whether nobody but owners may sign in otherwise; owners then need a second factor, and everybody else is signed out when it is switched on. Without `client_secret` the one that is there stays. For owners, and API keys that may do everything.',
        querystring: NoQuery,
        body: Type.Object(
          {
            ...Provider,
            client_secret: Type.Optional(Type.String({ minLength: 1, maxLength: 1000, description: 'a text' })),
          },
          { ...body, title: 'NewSso' },
        ),
        response: responses(200, Shown),
      },
    },
    async (request) => {
      const { accountId } = identityOf(request)
      const { label, issuer, client_id: clientId, client_secret: clientSecret, domains, role, only } = request.body
      // Whoever may not change it makes the server ask nobody.
      await readRules(vault, askerOf(request))
      await context.providers.check(issuer)
      const input = { label, issuer, clientId, clientSecret, domains, role, isOnly: only }
      const { sso } = await putSso(vault, askerOf(request), input)
      if (sso === null) throw new Error('It was set just now.')
      return shown(sso, ssoPlace(context, request).redirectUri, await accountName(vault, request, { accountId }))
    },
  )

  app.delete(
    '/sso',
    {
      schema: {
        tags,
        operationId: 'removeSso',
        summary: 'End single sign-on',
        description: 'Who has only come through the provider so far needs a link to set a password.',
        querystring: NoQuery,
        response: responses(200, Message),
      },
    },
    async (request) => {
      await removeSso(vault, askerOf(request))
      return { message: 'Single sign-on removed' }
    },
  )
}

/** For people: `/v3/session/sso`. */
export function ssoRoutes(app: V3, context: Context): void {
  const { vault } = context
  const tags = ['Sessions']

  app.get(
    '/session/sso',
    {
      ...forPortal,
      schema: {
        tags,
        operationId: 'getSsoProvider',
        summary: 'Which provider one may sign in through',
        description: 'Of the account that is named; without a name, of the only one that there is.',
        querystring: Type.Object(
          {
            ...KeyQuery,
            account: Type.Optional(AccountName),
          },
          { additionalProperties: false },
        ),
        response: responses(
          200,
          Type.Object({
            provider: Type.Union([
              Type.Object({ account: Type.String(), label: Type.String() }, { title: 'SsoProvider' }),
              Type.Null(),
            ]),
            account_required: Type.Boolean({
              description: 'whether the server has several accounts, so that whoever signs in must name one',
            }),
          }),
        ),
      },
    },
    async (request) => {
      const stranger = strangerOf(request)
      const { account, areSeveral } = await accountCalled(vault, stranger, request.query.account)
      const sso = account && (await ssoOf(vault, stranger, account.id))
      return {
        provider: account && sso ? { account: account.name, label: sso.label } : null,
        account_required: areSeveral,
      }
    },
  )

  app.post(
    '/session/sso',
    {
      ...forPortal,
      schema: {
        tags,
        operationId: 'beginSsoSignIn',
        gives: ['Set-Cookie'],
        summary: 'Begin to sign in through the provider',
        description: '`fresh`: the provider is to ask the person, which confirms too.',
        querystring: NoQuery,
        body: Type.Object(
          {
            account: AccountName,
            return: Return,
            fresh: Type.Optional(Type.Boolean({ description: 'true or false' })),
          },
          body,
        ),
        response: responses(200, Away, 404),
      },
    },
    async (request, reply) => {
      const { account: name, return: path, fresh: isFresh = false } = request.body
      const { account } = await accountCalled(vault, strangerOf(request), name)
      if (account === undefined) throw new Refusal('not_found', 'This account has no single sign-on.')
      const start = { accountId: account.id, returnTo: returnPath(path), isFresh, userId: null }
      return away(start, request, reply)
    },
  )

  app.post(
    '/session/sso/link',
    {
      schema: {
        tags,
        operationId: 'beginSsoLink',
        gives: ['Set-Cookie'],
        summary: 'Begin to connect your user with the provider',
        querystring: NoQuery,
        body: Type.Object({ return: Return }, body),
        response: responses(200, Away, 404),
      },
    },
    async (request, reply) => {
      const session = await readSession(vault, askerOf(request))
      return away(linkStart(vault, session, returnPath(request.body.return)), request, reply)
    },
  )

  async function away(
    start: SsoStart,
    request: Parameters<typeof ssoPlace>[1],
    reply: Parameters<typeof setFlowCookie>[1],
  ) {
    const { url, ticket } = await beginSso(vault, strangerOf(request), ssoPlace(context, request), start)
    setFlowCookie(request, reply, ticket)
    return { url }
  }
}

/** Pages of the portal; nothing else, and nothing of another site. */
const places =
  /^\/portal\/((secrets|lists|machines|deployments|cloud-init|keys|trust-rules|users|audit|settings|signed-in)(\/\d{1,16})?)?$/

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
