/** The API's description: `/openapi.json` from the routes' own schemas, and a readable reference at `/docs`. */
import { hash } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { describe } from '../../description.ts'
import type { OpenRoute } from '../../open-route.ts'
import { pageHeaders } from '../../page-headers.ts'
import { routes } from '../all.ts'
import { secretListRoutes } from '../secret-lists/all.ts'

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

/** What `/openapi.json` answers. */
export function describeApis(): object {
  return describe([...routes, ...secretListRoutes])
}

let description: string | undefined
let docs: Promise<FastifyInstance> | undefined

export const referenceRoutes: readonly OpenRoute[] = [
  {
    path: '/openapi.json',
    isHeadServed: true,
    isNeverShed: false,
    use: () => (_request, reply) => {
      description ??= JSON.stringify(describeApis())
      return reply.type('application/json; charset=utf-8').send(description)
    },
  },
  ...['/docs', '/docs/*'].map((path) => ({
    path,
    isHeadServed: true,
    isNeverShed: false,
    use: () => async (request: Pick<FastifyRequest, 'url'>, reply: FastifyReply) => {
      docs ??= createDocs()
      const { statusCode, headers, rawPayload } = await (await docs).inject({ url: request.url })
      return reply.code(statusCode).headers(headers).send(rawPayload)
    },
  })),
]

/** A server within the server, made when somebody first reads: the page takes time to load, and memory to hold. */
async function createDocs(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference')
  const docs = Fastify()
  docs.addHook('onSend', (_request, reply, payload, done) => {
    reply.headers(pageHeaders)
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
