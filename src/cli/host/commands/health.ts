/** How `strongroom health` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

export function define(command: Command): void {
  command.action(async () => (await import('../health.ts')).health())
  examples(command, ['strongroom health', 'for the health check of a container, with the settings of the server'])
}
