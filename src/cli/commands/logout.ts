/** How `strongroom logout` is called. */
import type { Command } from 'commander'
import { examples } from '../define.ts'

export function define(command: Command): void {
  command
    .option('--profile <profile>', 'which one to forget (default: the one in use)')
    .option('--all', 'forget all of them')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('../login.ts')).logout(options))
  examples(command, [
    'strongroom logout',
    'the key ends too if "strongroom login" had it made by browser; one that you gave stays good',
  ])
}
