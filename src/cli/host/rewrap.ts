/**
 * `strongroom rewrap`: replaces the root key in two steps, so that there is always one that every node has; or the master
 * key at once, which every node takes up by itself.
 */
import { resolve } from 'node:path'
import { type Config, readConfig } from '../../config.ts'
import { Refusal } from '../../errors.ts'
import { addRootKey, keepRootKey, rotateMasterKey } from '../../open.ts'
import { print, printJson } from '../output.ts'
import { begin, hostAsker } from './with-vault.ts'

export interface RewrapOptions {
  readonly to?: string
  readonly finish?: boolean
  readonly master?: boolean
  readonly json?: boolean
}

export async function rewrap({ to, finish, master, json }: RewrapOptions): Promise<void> {
  if ([to !== undefined, finish === true, master === true].filter(Boolean).length !== 1) {
    throw new Refusal('invalid', 'Say one of --to FILE, --finish and --master.')
  }
  begin()
  const config = readConfig()
  if (master === true) return replaceMasterKey(config, json === true)
  if (to === undefined) {
    await keepRootKey(config, hostAsker())
    print('The root key of the settings is the only one that opens the store now.')
    return
  }
  const path = resolve(to)
  await addRootKey(config, { kind: 'file', path, create: true }, hostAsker())
  print(`The root key in ${path} opens the store now, as the old one still does.`)
  print(
    'Set STRONGROOM_ROOT_KEY_FILE to it for every node, start them anew, then run "strongroom rewrap --finish" with it.',
  )
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
