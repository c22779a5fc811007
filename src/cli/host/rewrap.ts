/**
 * `strongroom rewrap`: which root keys open the store, changed in steps, so that there is always one that every node has; or
 * the master key at once, which every node takes up by itself.
 */
import { type Config, rootKeyOf } from '../../config.ts'
import { Refusal } from '../../errors.ts'
import {
  addRootKey,
  isRootKeyName,
  keepRootKeys,
  type RootKeySource,
  removeRootKey,
  rotateMasterKey,
} from '../../root-keys.ts'
import { print, printJson } from '../output.ts'
import { printShares } from './shares.ts'
import { begin, hostAsker, hostConfig } from './with-vault.ts'

export interface RewrapOptions {
  readonly to?: string
  readonly add?: string
  readonly remove?: string
  readonly finish?: boolean
  readonly master?: boolean
  readonly json?: boolean
}

export async function rewrap({ to, add, remove, finish, master, json }: RewrapOptions): Promise<void> {
  const said = [to !== undefined, add !== undefined, remove !== undefined, finish === true, master === true]
  if (said.filter(Boolean).length !== 1) {
    throw new Refusal('invalid', 'Say one of --to URL, --add URL, --remove URL, --finish and --master.')
  }
  begin()
  // Before the settings are read, which takes secrets out of the environment.
  const [next, gone] = [sourceOf(to ?? add), remove === undefined || isRootKeyName(remove) ? remove : sourceOf(remove)]
  const config = hostConfig()
  if (next !== undefined) return addNext(config, next, { isReplacing: to !== undefined, isJson: json === true })
  if (gone !== undefined) {
    await removeRootKey(config, gone, hostAsker())
    print('That root key opens the store no longer. Backups from before still open with it.')
    return
  }
  if (master === true) return replaceMasterKey(config, json === true)
  await keepRootKeys(config, hostAsker())
  const isOne = config.rootKeys.length === 1
  print(
    isOne
      ? 'The root key of the settings is the only one that opens the store now.'
      : 'The root keys of the settings are the only ones that open the store now.',
  )
}

function sourceOf(text: string | undefined): RootKeySource | undefined {
  if (text === undefined) return undefined
  const source = rootKeyOf(text)
  if (typeof source === 'string') throw new Refusal('invalid', `The root key ${source}.`)
  return source
}

async function addNext(
  config: Config,
  next: RootKeySource,
  { isReplacing, isJson }: { readonly isReplacing: boolean; readonly isJson: boolean },
): Promise<void> {
  const source = next.kind === 'file' ? { ...next, create: true } : next
  const { name, shown, shares } = await addRootKey(config, source, hostAsker())
  if (isJson) return printJson({ root_key: shown, name, ...(shares.length === 0 ? {} : { shares }) })
  print(`The root key ${shown} opens the store now (${name}), as those do that did before.`)
  print(
    isReplacing
      ? 'Set it for every node, start them anew, then run "strongroom rewrap --finish" with it.'
      : 'Name it in STRONGROOM_ROOT_KEY_URLS for every node, beside the others.',
  )
  if (shares.length > 0) printShares({ name, shown, shares }, 'before "--finish"')
}

async function replaceMasterKey(config: Config, isJson: boolean): Promise<void> {
  const isShown = !isJson && process.stderr.isTTY
  const rotation = await rotateMasterKey(config, hostAsker(), (done, all) => {
    if (isShown) process.stderr.write(`\r${done} of ${all} accounts${done === all ? '\n' : ''}`)
  })
  const { version, rewrapped, resumed } = rotation
  if (isJson) return printJson({ version, rewrapped, resumed })
  if (resumed) print('An earlier replacement was broken off; this has finished it.')
  print(`Version ${version} of the master key wraps the keys of all accounts (${rewrapped} wrapped anew).`)
}
