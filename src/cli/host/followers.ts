/** What a server does with trails as they grow, beside sending them to sinks: it tells webhooks, makes the index, and archives what is old. */
import type { Logger } from 'pino'
import type { Config } from '../../config.ts'
import type { Server } from '../../http/server.ts'
import { indexTrails } from '../../vault/trail-indexing.ts'
import type { Vault } from '../../vault/vault.ts'
import { deliverWebhooks } from '../../vault/webhook-deliveries.ts'
import { runArchive } from './archive.ts'

/** @returns what ends it */
export function runFollowers(vault: Vault, config: Config, logger: Logger, server: Server): () => Promise<void> {
  const warn = (text: string) => (error: unknown) =>
    logger.warn({ reason: error instanceof Error ? error.message : 'unknown' }, text)
  const stops = [
    deliverWebhooks(vault, { onTried: server.countTry, onError: warn('webhooks could not be told') }),
    indexTrails(vault, {
      onError: warn('the audit log was not indexed'),
      onGap: (accountId, { first, last }) =>
        logger.error(
          { accountId, first, last },
          'audit records are missing, so there is no index of these: run "strongroom audit verify"',
        ),
    }),
    runArchive(vault, config, logger, server.archiveMetrics),
  ]
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}
