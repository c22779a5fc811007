/** How `strongroom rollback` is called. */
import type { Command } from 'commander'
import { examples, remote } from '../define.ts'

export function define(rollback: Command): void {
  remote(rollback)
    .requiredOption('--to <time>', 'a time such as 2026-01-15T10:30:00Z, or so long ago: 30m, 2h, 7d')
    .option('--only <pattern>', 'only secrets of this name or pattern')
    .option('--delete-created', 'delete what was created since')
    .option('--dry-run', 'show what would be done, and do nothing')
    .option('-y, --yes', 'do not ask')
    .description('make an environment again what it was at a time, all or nothing, after a preview')
    .action(async (options) => (await import('../rollback.ts')).rollBack(options))
  examples(
    rollback,
    ['strongroom rollback --to 2h -e prod --dry-run', 'what has changed in the last two hours'],
    ["strongroom rollback --to 2026-01-15T10:30:00Z --only 'db-*'", 'new versions with the values of then'],
  )
}
