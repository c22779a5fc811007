/** How `strongroom run` is called. */
import type { Command } from 'commander'
import { away, collect, examples, remote } from '../define.ts'

export function define(command: Command): void {
  away(remote(command))
    .argument('[command]', 'what to run')
    .argument('[parameters...]', 'and its own parameters')
    .passThroughOptions()
    .usage('[options] -- <command> [parameters...]')
    .option(
      '--only <pattern>',
      'only secrets of this name or pattern; may be given several times (default: names in the project file)',
      collect,
    )
    .option('--list <list>', 'only secrets in this list')
    .option('--strip-prefix <prefix>', 'leave this out of the beginning of names: of web-db-url, db-url')
    .option('--prefix <prefix>', 'what the names of the variables begin with', '')
    .option('--dry-run', 'show which variables would be set, read no value and run nothing')
    .option('--target <name>', 'record that this machine or service holds these versions now')
    .option('--override', 'replace variables that the environment has already')
    .option('--mask', 'hide the values in what the command prints')
    .option('--watch', 'restart the command when a value changes')
    .option('--signal <signal>', 'with --watch: send this signal instead, such as SIGHUP')
    .option('--interval <seconds>', 'with --watch: how often to look while the server cannot tell of changes', '30')
    .option('--keep-key', 'let the command have STRONGROOM_API_KEY, too')
    .action(async (program, parameters, options) => (await import('../run.ts')).run(program, parameters, options))
  examples(
    command,
    ['strongroom run -- npm start', 'db-password is DB_PASSWORD for npm, and for nobody else'],
    ["strongroom run --only 'web-*' --prefix APP_ --target web-1 -- ./server", 'some of them, and on record'],
    ["strongroom run --only 'web-*' --strip-prefix web- --dry-run", 'which variables there would be'],
    ['strongroom run --watch --mask -- ./worker', 'restart it when a value changes'],
  )
  command.addHelpText(
    'after',
    '\nThe exit code is that of the command, 128 and the number of the signal that ended it, 127 if it is not there,\n126 if it cannot be run; before it was started, as of any other command of strongroom.',
  )
}
