/** `strongroom deployments`: which target holds which version of which secret. */
import type { HeldSecret } from '../client/model.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { idIn, idOf } from './find.ts'
import { print, printJson, printTable, tell } from './output.ts'

interface ListOptions extends RemoteOptions {
  readonly target?: string
  readonly secret?: string
  readonly stale?: boolean
}

export async function list(options: ListOptions): Promise<void> {
  const { target, secret, stale, json } = options
  const filter = {
    ...(target === undefined ? {} : { target }),
    ...(secret === undefined ? {} : { secret: String(idIn(secret) ?? secret) }),
    ...(stale ? { stale: 'true' as const } : {}),
  }
  const found = await Array.fromAsync((await connect(options)).deployments.list(filter))
  if (json) return printJson({ deployments: found })
  if (found.length === 0) return tell('There is no such deployment.')
  printTable(
    ['ID', 'TARGET', 'SINCE', 'STATE', 'HOLDS'],
    found.map(({ id, target: name, created_at, stale: isStale, secrets }) => [
      String(id),
      name,
      created_at,
      isStale ? { text: 'stale', style: 'yellow' } : { text: 'current', style: 'green' },
      secrets.map(held).join(' '),
    ]),
  )
}

function held({ name, version, current_version }: HeldSecret): string {
  if (current_version === version) return `${name}@${version}`
  return `${name}@${version}(${current_version === null ? 'deleted' : `now ${current_version}`})`
}

export async function remove(idText: string, options: RemoteOptions): Promise<void> {
  const id = idOf('deployment', idText)
  await (await connect(options)).deployments.delete(id)
  if (options.json) return printJson({ deleted: { id } })
  print(`The deployment ${id} is forgotten.`)
}
