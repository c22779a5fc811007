/** `/v3/render`: a document with references to secrets comes back with their values. */
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { decodeScriptContent } from '../../render/user-data.ts'
import { renderDocument } from '../../vault/render.ts'
import { askerOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { NoQuery, responses } from './schema.ts'
import type { V3 } from './typed.ts'

const Document = Type.Optional(Type.String({ description: 'a text' }))

export function renderRoutes(app: V3, { vault }: Context): void {
  app.post(
    '/render',
    {
      schema: {
        tags: ['Rendering'],
        operationId: 'renderTemplate',
        summary: 'Render a template',
        description:
          'Puts the values of secrets in the places of the references to them: see docs/templates.md. With `script_content`, in base64 both ways. Every read is recorded, with the `target`.',
        querystring: NoQuery,
        body: Type.Object(
          {
            template: Document,
            script_content: Document,
            target: Type.Optional(Type.String({ maxLength: 128, description: 'a name of 1 to 128 characters' })),
          },
          {
            title: 'Template',
            additionalProperties: false,
            description: 'a JSON object',
            examples: [{ template: 'password: $\u007b{secret.db-password}}', target: 'web-1' }],
          },
        ),
        response: responses(
          200,
          Type.Object(
            { rendered: Type.Optional(Type.String()), script_content: Type.Optional(Type.String()) },
            { title: 'Rendered' },
          ),
          422,
        ),
      },
    },
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
  )
}
