/** What a server does with trails as they grow, beside sending them to sinks: it tells webhooks, and makes the index. */
import type { Logger } from 'pino'
import type { Server } from '../../http/server.ts'
import { indexTrails } from '../../vault/trail-indexing.ts'
import type { Vault } from '../../vault/vault.ts'
import { deliverWebhooks } from '../../vault/webhook-deliveries.ts'

/** @returns what ends it */
export function runFollowers(vault: Vault, logger: Logger, { countTry }: Server): () => Promise<void> {
  const warn = (text: string) => (error: unknown) =>
    logger.warn({ reason: error instanceof Error ? error.message : 'unknown' }, text)
  const stops = [
    deliverWebhooks(vault, { onTried: countTry, onError: warn('webhooks could not be told') }),
    indexTrails(vault, {
      onError: warn('the audit log was not indexed'),
      onGap: (accountId, { first, last }) =>
        logger.error(
          { accountId, first, last },
          'audit records are missing, so there is no index of these: run "strongroom audit verify"',
        ),
    }),
  ]
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}
