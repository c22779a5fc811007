/** What a server does with trails as they grow, beside sending them to sinks: it tells webhooks, makes the index, and archives what is old. */
import type { Logger } from 'pino'
import type { SegmentFiles } from '../../audit/segment.ts'
import type { Config } from '../../config.ts'
import type { Server } from '../../http/server.ts'
import { indexTrails } from '../../vault/trail-indexing.ts'
import type { Vault } from '../../vault/vault.ts'
import { deliverWebhooks } from '../../vault/webhook-deliveries.ts'
import { archiveOf, runArchive } from './archive.ts'

/**
 * Opens what they need beside the store, before anything is served.
 *
 * @returns what begins to follow, and returns what ends it
 */
export async function prepareFollowers(
  config: Config,
): Promise<(vault: Vault, logger: Logger, server: Server) => () => Promise<void>> {
  const archive = await archiveOf(undefined, config)
  return (vault, logger, server) => follow(vault, archive, config, logger, server)
}

function follow(
  vault: Vault,
  archive: SegmentFiles | undefined,
  config: Config,
  logger: Logger,
  server: Server,
): () => Promise<void> {
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
    runArchive(vault, archive, config, logger, server.archiveMetrics),
  ]
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}
