/** How `strongroom root-key` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

export function define(rootKey: Command): void {
  const check = rootKey
    .command('check')
    .option('--json', 'print JSON')
    .option('--shares', 'ask for the shares of a root key that people have, too')
    .description('ask each root key of the settings to open the store; exit code 1 when one does not')
    .action(async (options) => (await import('../root-key.ts')).check(options))
  const make = rootKey
    .command('make')
    .argument('<url>', "where it is to be: 'tpm2:/path?pcrs=sha256:7'")
    .option('--from <path>', 'seal the root key in this file, instead of a new one')
    .description('have the TPM of this machine seal a root key, which is then for rewrap --add or a new store')
    .action(async (url, options) => (await import('../root-key.ts')).make(url, options))
  const init = rootKey
    .command('init')
    .option('--json', 'print JSON')
    .description('make a new store whose root key is with people (shamir:), and show its shares, once')
    .action(async (options) => (await import('../root-key.ts')).init(options))
  examples(init, [
    'STRONGROOM_ROOT_KEY_URLS=shamir:3/5 strongroom root-key init',
    'five shares, any three of which open it',
  ])
  examples(make, [
    "strongroom root-key make 'tpm2:/etc/strongroom/tpm?pcrs=sha256:7'",
    'sealed to the state of Secure Boot',
  ])
  examples(
    check,
    ['strongroom root-key check', 'which open it, in how long, and what else would'],
    ['strongroom root-key check --shares', 'whether the shares that people have kept still open it'],
  )
}
