/** How `strongroom render` is called. */
import type { Command } from 'commander'
import { away, examples, remote } from '../define.ts'

export function define(command: Command): void {
  away(remote(command))
    .requiredOption(
      '-f, --file <template>',
      `a text with references such as ${'$'}{{secret.db-password}}; - for standard input`,
    )
    .option(
      '-o, --output <file>',
      'write this file, whole or not at all, instead of standard output; it keeps its owner and mode',
    )
    .option('--mode <mode>', 'with --output: who may read it (default: as it is, 0600 for a new file)')
    .option('--target <name>', 'record that this machine or service holds these versions now')
    .option('--exec <command>', 'run this in a shell whenever the file was written anew')
    .option('--watch', 'go on, and render again when a value or the template changes')
    .option('--interval <seconds>', 'with --watch: how often to look while the server cannot tell of changes', '30')
    .action(async (options) => (await import('../render-file.ts')).renderFile(options))
  examples(
    command,
    ['strongroom render -f app.conf.template -o /etc/app.conf --target web-1', 'a file with the values of now'],
    ["strongroom render -f app.conf.template -o /etc/app.conf --watch --exec 'systemctl reload app'", 'and kept so'],
  )
}
