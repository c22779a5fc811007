/** How `strongroom keys` is called. */
import type { Command } from 'commander'
import { examples, remoteOfAccount } from '../define.ts'

const load = () => import('../keys.ts')

export function define(keys: Command): void {
  const list = remoteOfAccount(keys.command('list'))
    .option('--all', 'revoked and expired ones too')
    .description('list API keys, without the keys themselves')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom keys list', 'names, scopes, when they end and were last used'])

  const show = remoteOfAccount(keys.command('show'))
    .argument('<id>', 'id of the key, or self: the one in use')
    .description('show an API key, without the key itself')
    .action(async (id, options) => (await load()).show(id, options))
  examples(show, ['strongroom keys show 7', 'what it may do, and from where'])

  const create = remoteOfAccount(keys.command('create'))
    .argument('<name>', 'what the key is for')
    .requiredOption('--scope <scope...>', 'what it may do, such as secrets:read:prod-*')
    .option('--network <cidr...>', 'where it may be used from')
    .option('--expires <time>', 'when it ends, such as 2027-01-31 or 90d')
    .description('make an API key with no more rights than your own, and print it')
    .action(async (name, options) => (await load()).create(name, options))
  examples(
    create,
    ["strongroom keys create ci --scope 'secrets:read:ci-*' --expires 90d", 'for a pipeline'],
    ["strongroom keys create web --scope secrets:list 'secrets:read:web-*' --network 10.0.0.0/8", 'for some machines'],
  )

  const rotate = remoteOfAccount(keys.command('rotate'))
    .argument('<id>', 'id of the key')
    .option('--overlap <time>', 'how long the old key stays good, such as 1h', '1h')
    .option('--expires <time>', 'when the new one ends (default: it lives as long as the old one was to live)')
    .description('make a key with the same rights in place of another, and print it')
    .action(async (id, options) => (await load()).rotate(id, options))
  examples(rotate, ['strongroom keys rotate 7 --overlap 1d', 'a day to put the new one into use'])

  const usage = remoteOfAccount(keys.command('usage'))
    .argument('<id>', 'id of the key')
    .option('--days <days>', 'how far to look back: 1 to 30 (default: 7)')
    .description('show what an API key uses of what it may, and narrower scopes that would do')
    .action(async (id, options) => (await load()).usage(id, options))
  examples(usage, ['strongroom keys usage 7 --days 30', 'before you replace it by a narrower one'])

  const revoke = remoteOfAccount(keys.command('revoke'))
    .argument('<id>', 'id of the key, or self: the one in use')
    .option('--cascade', 'end what it made too: API keys, trust rules, machines, and what they made')
    .option('--dry-run', 'show which requests of the last 7 days would have been refused, and revoke nothing')
    .option('-y, --yes', 'do not ask')
    .description('revoke an API key, for good and at once')
    .action(async (id, options) => (await load()).revoke(id, options))
  examples(
    revoke,
    ['strongroom keys revoke 7', 'whoever has it is refused from now on'],
    ['strongroom keys revoke 7 --cascade', 'and so is whatever was made with it'],
    ['strongroom keys revoke self --yes', 'at the end of a job that got a key'],
  )
}
