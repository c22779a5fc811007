/** The API's description: `/openapi.json` from the routes' own schemas, and a readable reference at `/docs`. */
import { hash } from 'node:crypto'
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'
import { describe, describeRoute, openapi } from './description.ts'

/** The page asks nobody but this server. Its one inline script, which starts it, is admitted by its hash. */
function policyOf(page: string): string {
  const script = /<script[^>]*>([^<]+)<\/script>/.exec(page)?.[1] ?? ''
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash('sha256', script, 'base64')}'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** Not encapsulated: the routes that are registered after it are described too. */
export const reference = plugin(async (app: FastifyInstance) => {
  await app.register(swagger, {
    openapi: {
      openapi,
      info: {
        title: 'Strongroom',
        description: 'A secrets manager that speaks the NetActuate Secrets Manager API.',
        version: '3',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: { securitySchemes: { query: { type: 'apiKey', in: 'query', name: 'key' } } },
      // A parameter of every route, and no field of any.
      security: [{ query: [] }],
    },
    transform: ({ schema, url, route }) => ({ schema: describeRoute({ schema, route }), url }),
  })
  let description: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    description ??= JSON.stringify(describe(app.swagger()))
    return reply.type('application/json; charset=utf-8').send(description)
  })
  let docs: Promise<FastifyInstance> | undefined
  for (const path of ['/docs', '/docs/*']) {
    app.get(path, { schema: { hide: true } }, async (request, reply) => {
      docs ??= createDocs()
      const { statusCode, headers, rawPayload } = await (await docs).inject({ url: request.url })
      return reply.code(statusCode).headers(headers).send(rawPayload)
    })
  }
})

/** A server within the server, made when somebody first reads: the page takes time to load, and memory to hold. */
async function createDocs(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const docs = Fastify()
  await docs.register(helmet, { contentSecurityPolicy: false })
  docs.addHook('onSend', (_request, reply, payload, done) => {
    const isPage = String(reply.getHeader('content-type')).startsWith('text/html')
    if (isPage && typeof payload === 'string') reply.header('content-security-policy', policyOf(payload))
    done()
  })
  await docs.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      proxyUrl: '',
      agent: { disabled: true },
      showDeveloperTools: 'never',
      mcp: { disabled: true },
    },
  })
  return docs
}
