/** How `strongroom restore` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

export function define(command: Command): void {
  command
    .requiredOption('--from <path>', 'what the names of both files begin with')
    .option('--to <store>', 'sqlite:FOLDER or postgres://…, empty (default: the store of the settings)')
    .option('--identity <file>', 'secret keys of age')
    .option('--passphrase-file <file>', 'or else the passphrase')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('../backup.ts')).bring(options))
  examples(command, [
    'strongroom restore --from /backup/monday --identity ops.key',
    'into the empty store of the settings',
  ])
}
