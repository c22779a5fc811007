/** The Vault API: the same secrets as `/v3`, as clients of Vault's key/value engine, version 2, ask for them: docs/vault.md. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refusal } from '../../errors.ts'
import { checkCharset, exactNumbers, parseJson } from '../../json.ts'
import { isMap } from '../../vault-map.ts'
import { checkKeysOf } from '../asker.ts'
import { readBody } from '../bodies.ts'
import type { Context } from '../context.ts'
import { NoSuchPath } from '../problem.ts'
import { answerVaultError, VaultRefusal } from './answers.ts'
import { takeList } from './list-method.ts'
import { prefix } from './paths.ts'
import { serveVaultRoutes, type VaultRoute } from './route.ts'

/** A secret with more is not one that people look at. */
const maxKeys = 1000

export async function serveVaultApi(
  app: FastifyInstance,
  context: Context,
  routes: readonly VaultRoute[],
  speaksTls: boolean,
): Promise<void> {
  takeList(app.server, speaksTls ? 'secureConnection' : 'connection')
  await app.register(
    async (api) => {
      checkKeysOf(api, context, 'vault', answerVaultError)
      api.addHook('onRequest', (request, _reply, done) => done(unserved(request)))
      api.addHook('onSend', (_request, reply, _payload, done) => {
        // As the real server has it: vault-java-driver takes no other type, not even with a charset.
        if (reply.hasHeader('content-type')) reply.header('content-type', 'application/json')
        done()
      })
      api.removeAllContentTypeParsers()
      // Clients name all sorts of types for their JSON, and some none.
      api.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
        checkCharset(request.headers['content-type'])
        const body = await readBody(request, payload, request.routeOptions.bodyLimit)
        return body.length === 0 ? undefined : parsed(body)
      })
      api.setNotFoundHandler(() => {
        throw new NoSuchPath()
      })
      serveVaultRoutes(api, context, routes)
    },
    { prefix },
  )
}

/** @throws VaultRefusal as the real server begins what it says of a body */
function parsed(body: Uint8Array): unknown {
  try {
    const read = parseJson(body, maxKeys, exactNumbers)
    if (read === null || isMap(read)) return read
    throw new Refusal('invalid', 'It must be one JSON object.')
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'invalid') throw error
    throw new VaultRefusal(400, `failed to parse JSON input: ${error.message}`)
  }
}

/** What is asked for beside the route, and never overlooked. */
function unserved({ headers }: FastifyRequest): VaultRefusal | undefined {
  const namespace = headers['x-vault-namespace']
  if (namespace === undefined || /^(root)?\/?$/.test(String(namespace))) return undefined
  return new VaultRefusal(404, 'there are no namespaces here: leave out X-Vault-Namespace')
}
