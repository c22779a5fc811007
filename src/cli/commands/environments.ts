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

  const compare = remoteOfAccount(env.command('compare'))
    .argument('[environment...]', 'two or more of them (default: all)')
    .option('--only <pattern>', 'only secrets of this name or pattern')
    .option('--all', 'show those that are the same, too')
    .description('show which secrets differ or are missing, without values')
    .action(async (names, options) => (await import('../compare.ts')).compare(names, options))
  examples(
    compare,
    ['strongroom env compare staging prod', 'what has not gone to prod yet'],
    ["strongroom env compare --only 'db-*' --all", 'in all environments'],
  )

  const copy = remoteOfAccount(env.command('copy'))
    .argument('<from-environment>', 'the environment that they are in')
    .argument('<to-environment>', 'the environment that they go into')
    .argument('[secret...]', 'names or patterns')
    .option('--all', 'all that the key may read there')
    .option('--dry-run', 'show what would be copied, and copy nothing')
    .option('-y, --yes', 'do not ask')
    .description('copy secrets into another environment, all or none, after a preview')
    .action(async (from, to, names, options) => (await import('../compare.ts')).copy(from, to, names, options))
  examples(
    copy,
    ["strongroom env copy staging prod 'web-*' --dry-run", 'what would be created, replaced or the same'],
    ['strongroom env copy staging prod db-url --yes', 'for scripts'],
  )

  const remove = remoteOfAccount(env.command('delete'))
    .argument('<environment>', 'its name')
    .option('-y, --yes', 'do not ask')
    .description('delete an empty environment')
    .action(async (name, options) => (await load()).remove(name, options))
  examples(remove, ['strongroom env delete staging', 'refused while secrets or lists are in it'])
}
