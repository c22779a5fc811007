/** How `strongroom trust` is called. */
import type { Command } from 'commander'
import { examples, remote } from '../define.ts'

const load = () => import('../trust.ts')

export function define(trust: Command): void {
  const list = remote(trust.command('list'))
    .description('list the trust rules')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom trust list', 'whose jobs are let in'])

  const show = remote(trust.command('show'))
    .argument('<id>', 'id of the rule')
    .description('show a trust rule')
    .action(async (id, options) => (await load()).show(id, options))
  examples(show, ['strongroom trust show 1', 'what it demands of a token, and what it gives'])

  const create = parts(remote(trust.command('create')).argument('<name>', 'what the rule is called'), true)
    .description('let jobs of an issuer in: their signed tokens are traded for API keys that live minutes')
    .action(async (name, options) => (await load()).create(name, options))
  examples(create, [
    "strongroom trust create deploy --issuer https://token.actions.githubusercontent.com --audience https://strongroom.example.com --claim sub=repo:acme/app:ref:refs/heads/main repository_id=123 --scope 'secrets:read:prod-*'",
    'the main branch of a repository on GitHub',
  ])

  const update = parts(remote(trust.command('update')).argument('<id>', 'id of the rule'), false)
    .option('--name <name>', 'what it is called from now on')
    .option('--single-use', 'a token is good for one key only')
    .description('change a trust rule; keys that it gave before keep what they were given, until they end')
    .action(async (id, options) => (await load()).update(id, options))
  examples(update, ['strongroom trust update 1 --ttl 5m', 'its keys live for five minutes from now on'])

  const remove = remote(trust.command('delete'))
    .argument('<id>', 'id of the rule')
    .option('-y, --yes', 'do not ask')
    .description('delete a trust rule, and revoke every key that it gave')
    .action(async (id, options) => (await load()).remove(id, options))
  examples(remove, ['strongroom trust delete 1', 'its jobs are let in no longer'])
}

/** What a rule consists of. */
function parts(command: Command, isNew: boolean): Command {
  const option = (flags: string, description: string) =>
    isNew ? command.requiredOption(flags, description) : command.option(flags, description)
  option('--issuer <url>', 'what its tokens have as iss')
  option('--audience <text>', 'what its tokens have as aud')
  option('--claim <name=pattern...>', 'what its tokens say besides; * stands for any characters')
  option('--scope <scope...>', 'what its keys may do, such as secrets:read:prod-*')
  return command
    .option('--network <cidr...>', 'where its keys may be used from')
    .option('--ttl <time>', 'how long a key lives, 60s to 1h (15m unless given)')
    .option('--reusable', 'a token is good for more than one key')
    .option('--jwks-url <url>', "where the issuer's keys are, if not where the issuer says")
    .option('--jwks <file>', "a file with the issuer's keys, so that nothing is fetched")
}
