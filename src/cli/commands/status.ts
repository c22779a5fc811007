/** How `strongroom status` is called. */
import type { Command } from 'commander'
import { examples, remote } from '../define.ts'

export function define(command: Command): void {
  remote(command).action(async (options) => (await import('../status.ts')).status(options))
  examples(
    command,
    ['strongroom status', 'which server is asked, and what the key is good for'],
    ['strongroom status --json --profile staging', 'for a program, of another profile'],
  )
}
