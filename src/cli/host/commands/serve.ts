/** How `strongroom serve` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

export function define(command: Command): void {
  command.action(async () => (await import('../serve.ts')).serve())
  examples(command, ['STRONGROOM_LISTEN=127.0.0.1:4600 strongroom serve', 'listen on the loopback alone'])
}
