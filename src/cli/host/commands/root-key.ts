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
  examples(
    check,
    ['strongroom root-key check', 'which open it, in how long, and what else would'],
    ['strongroom root-key check --shares', 'whether the shares that people have kept still open it'],
  )
}
