/** `strongroom env`: the environments of the account. */
import { Conflict } from '../client/errors.ts'
import type { Environment } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { clientOf, connectToAccount, whereTo } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { fateOf, tellDeleted } from './keeping.ts'
import { Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { confirm } from './prompt.ts'

export async function list(options: RemoteOptions): Promise<void> {
  const where = await whereTo(options)
  const environments = await clientOf(where).environments.list()
  const current = where.environment?.name
  if (options.json) return printJson({ environments, current: current ?? null })
  printTable(
    ['', 'NAME', 'BASE', 'SECRETS', 'CREATED'],
    environments.map(({ name, base, secrets, created_at }) => {
      const mark = name === current ? ({ text: '*', style: 'green' } as const) : ''
      return [mark, name, base ?? '', String(secrets), created_at]
    }),
  )
}

export async function create(name: string, options: RemoteOptions & { readonly base?: string }): Promise<void> {
  const client = await connectToAccount(options)
  const { base } = options
  const made = await client.environments.create({ name, ...(base === undefined ? {} : { base }) })
  if (options.json) return printJson(made)
  print(`Created the environment ${shown(made.name)}${made.base === null ? '' : `, based on ${shown(made.base)}`}.`)
}

export async function rename(from: string, name: string, options: RemoteOptions): Promise<void> {
  const client = await connectToAccount(options)
  const { id } = await findEnvironment(client, from)
  const renamed = await client.environments.update(id, { name })
  if (options.json) return printJson(renamed)
  print(`Renamed ${shown(from)} to ${shown(renamed.name)}.`)
  tell(`Keys, project files and programs that name ${shown(from)} need the new name.`)
}

interface BaseOptions extends RemoteOptions {
  readonly none?: boolean
}

/** Shows, sets or takes away where names are looked up that an environment lacks. */
export async function base(name: string, wanted: string | undefined, options: BaseOptions): Promise<void> {
  if (wanted !== undefined && options.none) throw new Fault('usage', 'Say either a base or --none.')
  const client = await connectToAccount(options)
  const found = await findEnvironment(client, name)
  const isAsked = wanted === undefined && options.none !== true
  const { id } = found
  const now = isAsked ? found : await client.environments.update(id, { base: wanted ?? null })
  if (options.json) return printJson(now)
  if (now.base === null) print(`${shown(now.name)} has no base.`)
  else print(`${shown(now.name)} is based on ${shown(now.base)}: secrets that it lacks are inherited from there.`)
}

/** The server refuses one that is not empty. */
export async function remove(name: string, options: RemoteOptions & { readonly yes?: boolean }): Promise<void> {
  const client = await connectToAccount(options)
  const { id } = await findEnvironment(client, name)
  if (!options.yes) {
    tell(`The environment ${name} ${await fateOf(client)}.`)
    const isSure = await confirm(`Delete the environment ${name}?`, 'Say --yes to delete it without being asked.')
    if (!isSure) throw new Fault('failure', 'Nothing was deleted.')
  }
  const deletion = await client.environments.delete(id).catch((error: unknown) => {
    if (error instanceof Conflict && error.code === 'not_empty') {
      const [secrets, lists] = ['secrets', 'lists'].map((noun) => `"strongroom ${noun} list -e ${shown(name)}"`)
      tell(`See ${secrets} and ${lists}. An empty list default goes with it.`)
    }
    throw error
  })
  await tellDeleted(client, { id, name }, `The environment ${shown(name)}`, deletion, options.json)
}

/** @throws Fault `notFound` */
async function findEnvironment(client: Strongroom, name: string): Promise<Environment> {
  const found = (await client.environments.list()).find((one) => one.name === name)
  if (found !== undefined) return found
  const text = `No environment is called "${name}", or none that this key may know of.`
  throw new Fault('notFound', `${text} See "strongroom env list".`)
}
