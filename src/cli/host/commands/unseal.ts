/** How `strongroom unseal` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

export function define(command: Command): void {
  command
    .option('--status', 'print how many shares are there, and give none')
    .option('--reset', 'let the server forget the shares that were given')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('../unseal.ts')).unseal(options))
  examples(
    command,
    ['strongroom unseal', 'asks for shares, one after the other, and shows nothing of them'],
    ['strongroom unseal < /media/usb/share.txt', 'from standard input, one on each line'],
    ['strongroom unseal --status', 'how many are there, and of which set'],
  )
}
