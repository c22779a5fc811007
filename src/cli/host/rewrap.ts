/** `strongroom rewrap`: replaces the root key in two steps, so that there is always one that every node has. */
import { resolve } from 'node:path'
import { readConfig } from '../../config.ts'
import { Refusal } from '../../errors.ts'
import { addRootKey, keepRootKey } from '../../open.ts'
import { print } from '../output.ts'
import { hostAsker } from './with-vault.ts'

export async function rewrap({ to, finish }: { readonly to?: string; readonly finish?: boolean }): Promise<void> {
  if ((to === undefined) === (finish !== true)) {
    throw new Refusal('invalid', 'Say either --to FILE or --finish.')
  }
  process.umask(0o077)
  const config = readConfig()
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
