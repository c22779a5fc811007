/** How `strongroom env` is called. */
import type { Command } from 'commander'
import { examples, remoteOfAccount } from '../define.ts'

const load = () => import('../environments.ts')

export function define(env: Command): void {
  const list = remoteOfAccount(env.command('list'))
    .description('list environments')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom env list', 'a star marks the one in use, if one is named'])

  const create = remoteOfAccount(env.command('create'))
    .argument('<name>', '1 to 63 letters, digits, "_", "." or "-"')
    .option('--base <environment>', 'where secrets are looked up that it lacks')
    .description('create an environment')
    .action(async (name, options) => (await load()).create(name, options))
  examples(create, ['strongroom env create staging --base dev', 'what staging lacks, it inherits from dev'])

  const rename = remoteOfAccount(env.command('rename'))
    .argument('<environment>', 'its name')
    .argument('<name>', 'the new name')
    .description('rename an environment')
    .action(async (from, name, options) => (await load()).rename(from, name, options))
  examples(rename, [
    'strongroom env rename prod production',
    'scopes of keys name environments: they need the new name',
  ])

  const base = remoteOfAccount(env.command('base'))
    .argument('<environment>', 'its name')
    .argument('[base]', 'name of the environment that it inherits from')
    .option('--none', 'inherit nothing')
    .description('show or set which environment it inherits secrets from')
    .action(async (name, wanted, options) => (await load()).base(name, wanted, options))
  examples(
    base,
    ['strongroom env base prod shared', 'secrets that prod lacks come from shared'],
    ['strongroom env base prod --none', 'from nowhere'],
  )

  const remove = remoteOfAccount(env.command('delete'))
    .argument('<environment>', 'its name')
    .option('-y, --yes', 'do not ask')
    .description('delete an empty environment')
    .action(async (name, options) => (await load()).remove(name, options))
  examples(remove, ['strongroom env delete staging', 'refused while secrets or lists are in it'])
}
