/** How `strongroom trust` is called. */
import { type Command, Option } from 'commander'
import { platforms } from '../../client/platforms.ts'
import { collect, examples, remoteOfAccount } from '../define.ts'

const load = () => import('../trust.ts')

export function define(trust: Command): void {
  const list = remoteOfAccount(trust.command('list'))
    .description('list the trust rules')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom trust list', 'who may trade tokens for keys, and of which scopes'])

  const show = remoteOfAccount(trust.command('show'))
    .argument('<id>', 'id of the rule')
    .description('show a trust rule')
    .action(async (id, options) => (await load()).show(id, options))
  examples(show, ['strongroom trust show 1', 'all of a rule'])

  const create = withParts(remoteOfAccount(trust.command('create')).argument('<name>', 'what the rule is for'))
    .description('let whoever has a token of an issuer, with these claims, get keys of these scopes')
    .action(async (name, options) => (await load()).create(name, options))
  examples(create, [
    "strongroom trust create deploy --platform github --audience https://strongroom.example.com --claim sub=repo:acme@7/app@123:ref:refs/heads/main --claim repository_id=123 --claim repository_owner_id=7 --scope 'secrets:read:prod-*'",
    'the main branch of a repository at GitHub',
  ])

  const update = withParts(remoteOfAccount(trust.command('update')).argument('<id>', 'id of the rule'))
    .option('--name <name>', 'what the rule is for')
    .option('--dry-run', 'with --scope or --network: show which requests of the last 7 days would have been refused')
    .description('change a trust rule; what is not said stays as it is')
    .action(async (id, options) => (await load()).update(id, options))
  examples(
    update,
    ['strongroom trust update 1 --key-ttl 5m', 'keys that live shorter'],
    ["strongroom trust update 1 --scope 'secrets:read:web-*' --dry-run", 'what its keys did that this would refuse'],
  )

  const remove = remoteOfAccount(trust.command('delete'))
    .argument('<id>', 'id of the rule')
    .option('--dry-run', 'show which requests of the last 7 days would have been refused, and delete nothing')
    .option('-y, --yes', 'do not ask')
    .description('delete a trust rule, and revoke every key that was made under it')
    .action(async (id, options) => (await load()).remove(id, options))
  examples(remove, ['strongroom trust delete 1', 'no job gets a key by it from now on'])
}

function withParts(command: Command): Command {
  return command
    .addOption(
      new Option('--platform <name>', 'whose tokens they are: gives --issuer, and says what else to demand').choices(
        platforms.filter(({ id }) => id !== 'other').map(({ id }) => id),
      ),
    )
    .option('--issuer <url>', 'what its tokens have as iss')
    .option('--audience <audience>', 'what its tokens have as aud')
    .option('--claim <name=pattern>', 'what its tokens must say, such as sub=…; again for each claim', collect)
    .option('--scope <scope...>', 'what its keys may do, such as secrets:read:prod-*')
    .option('--network <cidr...>', 'where its keys may be used from')
    .option('--key-ttl <time>', 'how long its keys live, such as 10m')
    .option('--jwks-url <url>', 'where the keys of the issuer are, if not where it says')
    .option('--jwks-file <file>', 'the public keys of the issuer, so that nothing is fetched')
    .option('--reusable', 'a token may be traded more than once')
}
