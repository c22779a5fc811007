/** `/v3/sign-in`: how an account's people must sign in. */
import { Type } from 'typebox'
import { readRules, requireSecondFactor } from '../../vault/sign-in.ts'
import { askerOf } from '../asker.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { NoQuery } from '../schema.ts'

const body = { additionalProperties: false, description: 'a JSON object' }
const Rules = Type.Object(
  { second_factor_required: Type.Boolean({ description: 'true or false' }) },
  {
    ...body,
    title: 'SignInRules',
    description: 'How the people of an account must sign in.',
    examples: [{ second_factor_required: false }],
  },
)

export const signInRuleRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/sign-in',
    operationId: 'getSignInRules',
    tag: 'Settings',
    summary: 'How the people of the account must sign in',
    description: '',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Rules },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        return { second_factor_required: (await readRules(vault, askerOf(request))).isSecondFactorRequired }
      },
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/sign-in',
    operationId: 'updateSignInRules',
    tag: 'Settings',
    summary: 'Change how the people of the account must sign in',
    description:
      'With `second_factor_required` a password alone is never enough: whoever has no second factor is signed out, and sets one up at the next sign-in. For owners, and API keys that may do everything.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(Rules),
      answers: { 200: Rules },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const isRequired = request.body.second_factor_required
        const rules = await requireSecondFactor(vault, askerOf(request), isRequired)
        return { second_factor_required: rules.isSecondFactorRequired }
      },
  }),
]
