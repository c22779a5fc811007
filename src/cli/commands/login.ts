/** How `strongroom login` is called. */
import type { Command } from 'commander'
import { examples } from '../define.ts'

export function define(command: Command): void {
  command
    .option('--url <url>', 'where the server is, such as https://strongroom.example.com (default: it is asked for)')
    .option('--profile <name>', 'what to store it as, for several servers or keys', 'default')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nThe API key is asked for, or read from standard input. It is never a parameter.')
    .action(async (options) => (await import('../login.ts')).login(options))
  examples(
    command,
    ['strongroom login', 'asks for the URL and the key, tries them, and stores them'],
    ['strongroom login --url https://strongroom.example.com --profile work < key.txt', 'without a terminal'],
  )
}
