/** How `strongroom migrate-store` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

export function define(command: Command): void {
  command
    .requiredOption('--from <store>', 'sqlite:FOLDER or postgres://…')
    .requiredOption('--to <store>', 'an empty one')
    .option('--json', 'print JSON')
    .action(async (options) => (await import('../migrate-store.ts')).migrateStore(options))
  examples(command, [
    'strongroom migrate-store --from sqlite:data --to postgres://strongroom@db/strongroom',
    'from a file to PostgreSQL',
  ])
}
