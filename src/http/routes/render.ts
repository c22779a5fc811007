/** `/v3/render`: a document with references to secrets comes back with their values. */
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { decodeScriptContent } from '../../render/user-data.ts'
import { renderDocument } from '../../vault/render.ts'
import { askerOf } from '../asker.ts'
import { defineRoute, json, noParams, type Route } from '../route.ts'
import { NoQuery } from '../schema.ts'

const Document = Type.Optional(Type.String({ description: 'a text', 'x-about': 'The document.' }))
const Encoded = Type.Optional(
  Type.String({ description: 'a text', 'x-about': 'The document in base64, in place of the other.' }),
)

export const renderRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/render',
    operationId: 'renderTemplate',
    tag: 'Rendering',
    summary: 'Render a template',
    description:
      'Puts the values of secrets in the places of the references to them: see docs/templates.md. With `script_content`, in base64 both ways. Every read is recorded, with the `target`.',
    scope: 'any',
    inEnvironment: true,
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            template: Document,
            script_content: Encoded,
            target: Type.Optional(
              Type.String({
                maxLength: 128,
                description: 'a name of 1 to 128 characters',
                'x-about': 'The name of the machine that it is for.',
              }),
            ),
          },
          {
            title: 'Template',
            additionalProperties: false,
            description: 'A document with references to secrets.',
            examples: [{ template: 'password: $\u007b{secret.db-password}}', target: 'web-1' }],
          },
        ),
      ),
      answers: {
        200: Type.Object(
          { rendered: Type.Optional(Type.String()), script_content: Type.Optional(Type.String()) },
          {
            title: 'Rendered',
            description: 'The document as it was sent, with values in the places of its references.',
          },
        ),
      },
      refusals: [422],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { template, script_content: script, target } = request.body
        if ((template === undefined) === (script === undefined)) {
          throw invalid('template', 'Send either template or script_content.')
        }
        const asker = askerOf(request)
        if (script === undefined) {
          const document = Buffer.from(template ?? '')
          const rendered = await renderDocument(vault, asker, { document, field: 'template', target })
          return { rendered: rendered.toString() }
        }
        const field = 'script_content'
        const rendered = await renderDocument(vault, asker, { document: decodeScriptContent(script), field, target })
        return { script_content: rendered.toString('base64') }
      },
  }),
]
