/** `strongroom secrets move`: puts secrets into another list. */
import type { Metadata } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { findList, findSecret } from './find.ts'
import { Fault, print, printJson, shown } from './output.ts'

/** As many as one request takes. */
const groupSize = 100

export async function move(refs: readonly string[], options: RemoteOptions & { readonly to: string }): Promise<void> {
  const client = await connect(options)
  const { name: to } = await findList(client, options.to)
  const all = await chosen(client, refs)
  const ids = all.filter(({ list }) => list?.name !== to).map(({ id }) => id)
  const moved: string[] = []
  const failed: string[] = []
  const names = new Map(all.map(({ id, name }) => [id, name]))
  for (let at = 0; at < ids.length; at += groupSize) {
    const answer = await client.secrets.changeMany({ ids: ids.slice(at, at + groupSize), list: to })
    moved.push(...answer.changed.map(({ name }) => name))
    failed.push(...answer.failed.map(({ id, detail }) => `${names.get(id) ?? `id:${id}`} (${detail})`))
  }
  if (options.json) printJson({ list: to, moved, failed })
  else if (moved.length > 0) print(`Moved to ${shown(to)}: ${moved.join(', ')}.`)
  else if (failed.length === 0) print(`Already in ${shown(to)}.`)
  if (failed.length > 0) throw new Fault('failure', `Not moved: ${failed.join(', ')}.`)
}

/** Each once, by name, id or pattern. */
async function chosen(client: Strongroom, refs: readonly string[]): Promise<readonly Metadata[]> {
  const found = new Map<number, Metadata>()
  for (const ref of refs) {
    if (!ref.includes('*')) {
      const secret = await findSecret(client, ref)
      found.set(secret.id, secret)
      continue
    }
    const matching = await Array.fromAsync(client.secrets.listMetadata({ name: ref }))
    for (const secret of matching) found.set(secret.id, secret)
    if (matching.length === 0) {
      throw new Fault('notFound', `No secret is called like "${ref}", or none that this key may list.`)
    }
  }
  return [...found.values()]
}
