/** `strongroom secrets decoy`: marks a secret that is there only to be found by those who should not look. */
import type { Metadata } from '../client/model.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { findSecret } from './find.ts'
import { Fault, print, printJson, printTable, tell } from './output.ts'

interface Options extends RemoteOptions {
  readonly revoke?: boolean
  readonly off?: boolean
}

export async function decoy(ref: string | undefined, options: Options): Promise<void> {
  const { revoke = false, off = false } = options
  if (revoke && off) throw new Fault('usage', 'Choose one of --revoke and --off.')
  if (ref === undefined) {
    if (revoke || off) throw new Fault('usage', 'Name the secret.')
    return listDecoys(options)
  }
  const client = await connect(options)
  const { id, name } = await findSecret(client, ref)
  const changed = await client.secrets.updateMetadata(id, { decoy: off ? null : { revoke } })
  if (options.json) return printJson({ secret: { id, name }, decoy: changed.decoy ?? null })
  if (off) return print(`${name} is an ordinary secret.`)
  const ended = revoke ? ', and the key that reads it is revoked' : ''
  print(`${name} is a decoy: each read of it is told of as decoy.read${ended}.`)
}

/** Those of the environment. */
async function listDecoys(options: Options): Promise<void> {
  const { secrets } = await connect(options)
  const found: Metadata[] = []
  for await (const one of secrets.listMetadata()) {
    if (one.decoy === undefined) throw new Fault('usage', 'Which secrets are decoys takes a key with account:manage.')
    if (one.decoy !== null) found.push(one)
  }
  if (options.json) return printJson({ secrets: found })
  if (found.length === 0) return tell('There is no decoy. Make one: strongroom secrets decoy NAME')
  printTable(
    ['NAME', 'LIST', 'READ BY SOMEBODY'],
    found.map(({ name, list, decoy: mark }) => [
      name,
      list?.name ?? '',
      mark?.revoke ? 'told of, key revoked' : 'told of',
    ]),
  )
}
