/** `strongroom secrets rename`: gives a secret another name; its versions, list and tags stay. */
import { versionTag } from '../client/answer.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { checkedName, findSecret } from './find.ts'
import { numberOf } from './input.ts'
import { complain, print, printJson } from './output.ts'
import { versionOfTag } from './secrets.ts'

interface Options extends RemoteOptions {
  readonly ifVersion?: string
}

export async function rename(ref: string, name: string, options: Options): Promise<void> {
  checkedName(name)
  const ifVersion = options.ifVersion === undefined ? undefined : numberOf('--if-version', options.ifVersion, 1, 1e15)
  const client = await connect(options)
  const { id, name: from, version } = await findSecret(client, ref)
  if (from === name) {
    if (options.json) return printJson({ id, from, name, version })
    return print(`${name} is its name already.`)
  }
  const held = await client.deployments.ofSecret(id)
  const condition = ifVersion === undefined ? {} : { ifMatch: versionTag(ifVersion) }
  const { etag } = await client.secrets.rename(id, name, condition)
  const now = versionOfTag(etag)
  if (options.json) return printJson({ id, from, name, version: now })
  print(`Renamed ${from} to ${name}. Its value is version ${now} now.`)
  const targets = held.map(({ target }) => target).join(', ')
  const programs = `Templates, scopes, project files and programs that name ${from} no longer find it.`
  complain(targets === '' ? programs : `${programs} It is deployed to ${targets}.`)
}
