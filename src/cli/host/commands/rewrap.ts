/** How `strongroom rewrap` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

export function define(command: Command): void {
  command
    .option('--to <url>', 'replace: let this root key open the store as well; a file is made if absent')
    .option('--add <url>', 'let this root key open the store as well, to stay beside the others')
    .option('--remove <url>', 'let this root key open the store no longer; also by its name')
    .option('--finish', 'leave the root keys of the settings as the only ones')
    .option('--master', "make a new version of the master key, and wrap every account's key under it")
    .option('--json', 'print JSON (with --to, --add and --master)')
    .action(async (options) => (await import('../rewrap.ts')).rewrap(options))
  examples(
    command,
    ['strongroom rewrap --to /etc/strongroom/next.key', 'the new key opens the store beside the old one'],
    [
      'strongroom rewrap --to shamir:3/5',
      'five shares for five people, any three of whom open it; they are shown once',
    ],
    ['strongroom rewrap --finish', 'when every node has the new key in its settings'],
    ['strongroom rewrap --add command:/usr/local/bin/root-key', 'another one beside it, that stays'],
    ['strongroom rewrap --master', 'replaces the key between the root key and those of the accounts'],
  )
}
