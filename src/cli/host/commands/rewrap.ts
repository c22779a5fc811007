/** How `strongroom rewrap` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

export function define(command: Command): void {
  command
    .option('--to <file>', 'let the root key in this file open the store as well; made if absent')
    .option('--finish', 'leave the root key of the settings as the only one')
    .option('--master', "make a new version of the master key, and wrap every account's key under it")
    .option('--json', 'print JSON (with --master)')
    .action(async (options) => (await import('../rewrap.ts')).rewrap(options))
  examples(
    command,
    ['strongroom rewrap --to /etc/strongroom/next.key', 'the new key opens the store beside the old one'],
    ['strongroom rewrap --finish', 'when every node has the new key in its settings'],
    ['strongroom rewrap --master', 'replaces the key between the root key and those of the accounts'],
  )
}
