/** How `strongroom seed` is called. */
import type { Command } from 'commander'
import { examples, remote } from '../define.ts'

const load = () => import('../seed.ts')

export function define(seed: Command): void {
  const create = remote(seed.command('create'))
    .requiredOption('--target <name>', 'name of the machine that it is for')
    .requiredOption('--user-data <file>', 'a template of user-data')
    .option('--meta-data <file>', 'a template of meta-data')
    .option('--vendor-data <file>', 'a template of vendor-data')
    .option('--network-config <file>', 'a template of network-config')
    .option('--expires-in <time>', 'how long it may be fetched, such as 2h', '1h')
    .option('--max-fetches <number>', 'how often user-data may be fetched', '1')
    .option('--no-check', 'make it even if it could not be rendered with the values of now')
    .description('make a one-time seed for a machine, and print its URL')
    .action(async (options) => (await load()).create(options))
  examples(create, ['strongroom seed create --target web-1 --user-data web.yaml --expires-in 2h', 'for its first boot'])

  const list = remote(seed.command('list'))
    .description('list the seeds that your key made')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom seed list', 'which are open, used or expired'])

  const show = remote(seed.command('show'))
    .argument('<id>', 'id of the seed')
    .description('show a seed, and what has been fetched of it')
    .action(async (id, options) => (await load()).show(id, options))
  examples(show, ['strongroom seed show 3 --json', 'for a program'])

  const revoke = remote(seed.command('revoke'))
    .argument('<id>', 'id of the seed')
    .description('take a seed back: its URL leads nowhere from now on, at later boots of its machine neither')
    .action(async (id, options) => (await load()).revoke(id, options))
  examples(revoke, ['strongroom seed revoke 3', 'for a machine that was never started'])
}
