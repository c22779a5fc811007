/** How `strongroom init` is called. */
import type { Command } from 'commander'
import { collect, examples } from '../define.ts'

export function define(command: Command): void {
  command
    .option('--url <url>', 'where the server is (default: that of the profile in use)')
    .option('-e, --environment <environment>', 'where the secrets are')
    .option(
      '--only <pattern>',
      'what "run" takes: a name or pattern; may be given several times (default: all)',
      collect,
    )
    .option('--strip-prefix <prefix>', 'what to leave out of the beginning of names')
    .option('--variable <name=VARIABLE>', 'the variable of one secret; may be given several times', collect)
    .option('--force', 'replace the file that is there')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('../init.ts')).init(options))
  examples(
    command,
    ['strongroom init', 'asks, and creates .strongroom.yaml in this folder'],
    ["strongroom init --only 'web-*' --strip-prefix web- --variable web-db=DATABASE_URL", 'without a question'],
  )
}
