/** How `strongroom user` is called. */
import type { Command } from 'commander'
import { choice, examples } from '../../define.ts'

const load = () => import('../user.ts')

export function define(user: Command): void {
  const create = user
    .command('create')
    .argument('[email]', 'what they sign in with (an owner may say so later)')
    .option('--account <name>', 'account that they belong to', 'default')
    .addOption(
      choice('--role <role>', 'what they may do', ['owner', 'admin', 'editor', 'reader', 'auditor']).default('owner'),
    )
    .option('--name <name>', 'what they are called')
    .option('--pattern <pattern...>', 'names or patterns that narrow the role')
    .option('--json', 'print JSON')
    .description('make a user, and print the one-time link that sets the password')
    .action(async (email, options) => (await load()).create(email, options))
  examples(create, ['strongroom user create ada@example.com --role editor', 'prints the link to give to her'])

  const list = user
    .command('list')
    .option('--account <name>', 'account', 'default')
    .option('--json', 'print JSON')
    .description('list the users of an account')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom user list --account payments', 'of another account than default'])

  const disable = user
    .command('disable')
    .argument('<email>', 'what they sign in with')
    .option('--account <name>', 'account', 'default')
    .option('--cascade', 'end what they made too: API keys, trust rules, machines, and what they made')
    .option('--json', 'print JSON')
    .description('disable a user, and end their sessions')
    .action(async (email, options) => (await load()).disable(email, options))
  examples(disable, ['strongroom user disable ada@example.com', 'signed out everywhere, at once'])

  const reset = user
    .command('reset')
    .argument('<email>', 'what they sign in with')
    .option('--account <name>', 'account', 'default')
    .option('--factors', 'remove passkeys, authenticator app and recovery codes too')
    .option('--json', 'print JSON')
    .description('print a one-time link that sets a new password')
    .action(async (email, options) => (await load()).reset(email, options))
  examples(reset, ['strongroom user reset ada@example.com', 'when nobody who may can sign in'])
}
