/** How `strongroom key` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

const load = () => import('../key.ts')

export function define(key: Command): void {
  const create = key
    .command('create')
    .argument('<name>', 'what the key is for')
    .option('--account <name>', 'account that the key belongs to', 'default')
    .option('--scope <scope...>', 'what it may do, such as secrets:read:prod-* (default: everything)')
    .option('--network <cidr...>', 'where it may be used from')
    .option('--expires <time>', 'when it ends, such as 2027-01-31T00:00:00Z')
    .option('--json', 'print JSON')
    .description('make an API key, and print it')
    .action(async (name, options) => (await load()).create(name, options))
  examples(create, ["strongroom key create ci --scope 'secrets:read:ci-*'", 'a key that reads what begins with ci-'])

  const list = key
    .command('list')
    .option('--account <name>', 'account', 'default')
    .option('--json', 'print JSON')
    .description('list the API keys of an account')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom key list', 'names, states and scopes, never a key'])

  const revoke = key
    .command('revoke')
    .argument('<id>', 'id of the key')
    .option('--account <name>', 'account', 'default')
    .option('--cascade', 'end what it made too: API keys, trust rules, machines, and what they made')
    .option('--json', 'print JSON')
    .description('revoke an API key for good')
    .action(async (id, options) => (await load()).revoke(id, options))
  examples(revoke, ['strongroom key revoke 7', 'refused from now on, by every node'])

  const generate = key
    .command('generate')
    .description('print a new API key for STRONGROOM_BOOTSTRAP_API_KEY, and store nothing')
    .action(async () => (await load()).generate())
  examples(generate, ['strongroom key generate', 'for a server that is not there yet'])
}
