/** `/seed/<token>/…`: what cloud-init's NoCloud data source asks for. The token is the only credential. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { Refusal } from '../../../errors.ts'
import { seedDocuments } from '../../../model/seed.ts'
import { fetchDocument, lookAtDocument } from '../../../vault/seeds.ts'
import type { Context } from '../../context.ts'
import type { OpenRoute } from '../../open-route.ts'
import { addressOf, clientOf } from '../../peer.ts'
import { toRefusal } from '../../problem.ts'

export const seedDocumentRoutes: readonly OpenRoute[] = seedDocuments.map((document) => ({
  path: `/seed/:token/${document}`,
  isHeadServed: true,
  isNeverShed: false,
  use: (context) => async (request, reply) => {
    const { vault, metrics } = context
    const { token = '' } = request.params
    const requestId = request.id
    try {
      const asker = { requestId, address: addressOf(request) }
      if (request.method === 'HEAD') {
        await lookAtDocument(vault, asker, token, document)
        // How long it would be is known once it is made.
        return reply.type('text/plain; charset=utf-8').send(Readable.from([]))
      }
      const { content, isWhole, giveBack } = await fetchDocument(vault, asker, token, document)
      metrics.seedFetches.inc({ outcome: isWhole ? 'served' : 'refetched' })
      onLost(reply, () => {
        metrics.seedFetches.inc({ outcome: 'lost' })
        giveBack().catch((error) =>
          request.log.error({ requestId, code: toRefusal(error).code }, 'seed not given back'),
        )
      })
      return reply.type('text/plain; charset=utf-8').send(content)
    } catch (error) {
      throw refusalOf(context, error, clientOf(request))
    }
  },
}))

/** Who asks with wrong tokens too often learns only that. Whoever has a good one is never put off by others. */
function refusalOf({ metrics, failureLimiter }: Context, error: unknown, client: string): Refusal {
  const refusal = toRefusal(error)
  metrics.seedFetches.inc({ outcome: refusal.code })
  if (refusal.code !== 'not_found') return refusal
  try {
    failureLimiter?.take(client, performance.now())
    return new Refusal('not_found', 'No seed is here: it has expired, was revoked, or never was.')
  } catch (limited) {
    return toRefusal(limited)
  }
}

/** Calls when the connection breaks before the answer has left. */
function onLost({ raw }: FastifyReply, lost: () => void): void {
  if (raw.destroyed || raw.socket?.destroyed === true) {
    lost()
    return
  }
  raw.once('close', () => {
    if (!raw.writableFinished) lost()
  })
}
