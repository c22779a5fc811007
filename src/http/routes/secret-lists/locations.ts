/** `/api/cloud/locations`: of the vendor's other API, the one call that its Terraform provider needs. */
import { Type } from 'typebox'
import { Refusal } from '../../../errors.ts'
import { authenticate } from '../../../vault/vault.ts'
import { askerOf } from '../../asker.ts'
import { defineRoute, noBody, noParams, type Route } from '../../route.ts'
import { success } from '../../secret-lists/envelope.ts'
import { AnyQuery, envelope } from './schemas.ts'

export const locationRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/api/cloud/locations',
    operationId: 'listLocations',
    tag: 'Secret Lists',
    summary: 'List no locations',
    description: "For the vendor's Terraform provider, which asks for them when it is configured.",
    scope: 'any',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: AnyQuery,
      body: noBody,
      answers: { 200: envelope(Type.Array(Type.Unknown())) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { key } = await authenticate(vault, askerOf(request))
        // Of a session that is not finished: it may do nothing else.
        if (key?.scopes.length === 0) throw new Refusal('enrolment_required', 'Set up a second factor first.')
        return success([])
      },
  }),
]
