/** `strongroom lists`: lists that secrets are kept in. */
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { findList, findSecret } from './find.ts'
import { fateOf, tellDeleted } from './keeping.ts'
import { Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { askText } from './prompt.ts'
import { showWhatIf } from './what-if.ts'

export async function list(options: RemoteOptions): Promise<void> {
  const lists = await Array.fromAsync((await connect(options)).lists.list())
  if (options.json) return printJson({ lists })
  printTable(
    ['ID', 'NAME', 'CREATED'],
    lists.map(({ id, name, created_at }) => [String(id), name, created_at]),
  )
}

export async function create(name: string, options: RemoteOptions): Promise<void> {
  const made = await (await connect(options)).lists.create({ name })
  if (options.json) return printJson(made)
  print(`The list ${shown(made.name)} (id ${made.id}) is made.`)
}

export async function rename(ref: string, name: string, options: RemoteOptions): Promise<void> {
  const client = await connect(options)
  const renamed = await client.lists.rename((await findList(client, ref)).id, name)
  if (options.json) return printJson(renamed)
  print(`The list is called ${shown(renamed.name)} now.`)
}

interface RemoveOptions extends RemoteOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** Secrets that are tried together, as the server has it. */
const triedTogether = 100

export async function remove(ref: string, options: RemoveOptions): Promise<void> {
  const client = await connect(options)
  const { id, name } = await findList(client, ref)
  if (options.dryRun) {
    const ids = (await Array.fromAsync(client.lists.secrets(id))).map((one) => one.id)
    if (ids.length === 0) throw new Fault('failure', 'There is no secret in it that this key may list: nothing to try.')
    if (ids.length <= triedTogether) return showWhatIf(client, { kind: 'secret', ids, change: 'remove' }, options.json)
    throw new Fault('failure', `There are ${ids.length} secrets in it: ${triedTogether} at most are tried together.`)
  }
  if (!options.yes) {
    const secrets = await Array.fromAsync(client.lists.secrets(id))
    const which = secrets.length === 0 ? 'no secret that this key may list' : secrets.map((one) => one.name).join(', ')
    tell(`The list ${shown(name)}, with all that is in it, ${await fateOf(client)}: ${which}.`)
    const typed = await askText('Type the name to delete it', 'Say --yes to delete it without being asked.')
    if (typed !== name) throw new Fault('failure', 'That is not its name: nothing is deleted.')
  }
  await tellDeleted(client, { id, name }, `The list ${shown(name)}`, await client.lists.delete(id), options.json)
}

export async function move(ref: string, refs: readonly string[], options: RemoteOptions): Promise<void> {
  const client = await connect(options)
  const { id, name } = await findList(client, ref)
  const found = []
  for (const one of refs) found.push(await findSecret(client, one))
  const moved = []
  for (const secret of found) moved.push(await client.lists.move(id, secret.id))
  if (options.json) return printJson({ moved })
  print(`${moved.map((one) => one.name).join(', ')} ${moved.length === 1 ? 'is' : 'are'} in ${shown(name)} now.`)
}
