/** `strongroom status`: which server is asked, with what, and whether it takes the key. */
import { Forbidden } from '../client/errors.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { clientOf, whereTo } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { print, printJson, shown, styled } from './output.ts'

/** @throws StrongroomError if the server cannot be reached, or refuses the key */
export async function status(options: RemoteOptions): Promise<void> {
  const where = whereTo(options)
  if (!options.json)
    print(`${styled('dim', 'Server')}  ${shown(where.url)}\n${styled('dim', 'From')}    ${where.source}`)
  await probe(clientOf(where))
  if (options.json) return printJson({ url: where.url, source: where.source, key: 'accepted' })
  print(`${styled('dim', 'Key')}     ${styled('green', 'accepted')}`)
}

/** @throws StrongroomError `Unauthorized` for a key that the server does not take */
export async function probe(client: Strongroom): Promise<void> {
  try {
    await client.secrets.page({ limit: 1 })
  } catch (error) {
    // A key that may not list is a key.
    if (!(error instanceof Forbidden)) throw error
  }
}
