/** The API's description: `/openapi.json` from the routes' own schemas, and a readable reference at `/docs`. */
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import scalar from '@scalar/fastify-api-reference'
import type { FastifyInstance } from 'fastify'
import plugin from 'fastify-plugin'

/** The page runs its own script and styles and asks nobody but this server. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'", "'unsafe-inline'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    fontSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
}

/** Not encapsulated: the routes that are registered after it are described too. */
export const reference = plugin(async (app: FastifyInstance) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Strongroom',
        description: 'A secrets manager that speaks the NetActuate Secrets Manager API.',
        version: '3',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key: `sr_…`' },
          query: {
            type: 'apiKey',
            in: 'query',
            name: 'key',
            description: 'As some clients send it; prefer the header.',
          },
        },
      },
      security: [{ bearer: [] }, { query: [] }],
    },
  })
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  await app.register(async (docs) => {
    await docs.register(helmet, { contentSecurityPolicy })
    await docs.register(scalar, {
      routePrefix: '/docs',
      logLevel: 'silent',
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
  })
})
