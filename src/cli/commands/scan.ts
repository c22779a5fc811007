/** How `strongroom scan` is called. */
import type { Command } from 'commander'
import { collect, examples, remote } from '../define.ts'

export function define(command: Command): void {
  remote(command)
    .argument('[path...]', 'files and folders, or - for standard input (default: this folder)')
    .option('--history', 'search all that a git repository keeps, instead of its files')
    .option('--only <pattern>', 'look for secrets of this name or pattern')
    .option('--ignore <glob>', 'leave out such paths; may be given several times', collect)
    .action(async (paths, options) => (await import('../scan.ts')).scan(paths, options))
  examples(
    command,
    ['strongroom scan', 'whether a stored value is in a file below this folder'],
    ['strongroom scan --history', 'or ever was, in this git repository'],
    ['git diff --cached | strongroom scan -', 'before a commit'],
    ["strongroom scan --ignore '*.log' --json src", 'for a program'],
  )
  command.addHelpText(
    'after',
    '\nThe exit code is 0 if nothing was found, 10 if something was, 3 if there was nothing to look for or to search.\nAny other means that the search failed, or is not whole.',
  )
}
