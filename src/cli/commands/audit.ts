/** How the parts of `strongroom audit` are called that ask a server. */
import type { Command } from 'commander'
import { examples, remoteOfAccount } from '../define.ts'

export function define(audit: Command): void {
  const list = filtered(audit.command('list'))
    .option('--from <time>', 'from this time on, such as 2027-01-31T00:00:00Z, or 2h ago')
    .option('--to <time>', 'up to this time')
    .option('--limit <number>', 'at most so many; 0 for all', '50')
    .description('list the records of the audit trail, newest first')
    .action(async (options) => (await import('../audit.ts')).list(options))
  examples(
    list,
    ['strongroom audit list --secret db-password --from 7d', 'who read or changed it in a week'],
    ['strongroom audit list --outcome forbidden --json', 'what was refused'],
  )

  const tail = filtered(audit.command('tail'))
    .option('--interval <seconds>', 'how often to look', '5')
    .description('print records as they are made, until it is stopped')
    .action(async (options) => (await import('../audit.ts')).tail(options))
  examples(tail, ['strongroom audit tail --action secret.read', 'who reads secrets now'])
}

function filtered(command: Command): Command {
  return remoteOfAccount(command)
    .option('-e, --environment <environment>', 'only what was asked in this environment')
    .option('--action <action>', 'only this action, such as secret.read')
    .option('--secret <secret>', 'only of this secret: its name, or id:7')
    .option('--principal <who>', "only of whom: a name, or id:7 for a key's id")
    .option('--outcome <outcome>', 'only with this outcome: ok, replayed, or the code of a refusal')
}
