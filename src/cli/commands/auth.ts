/** How `strongroom auth` is called. */
import { type Command, Option } from 'commander'
import { examples } from '../define.ts'

const load = () => import('../auth.ts')

export function define(auth: Command): void {
  const oidc = auth
    .command('oidc')
    .option('--url <url>', 'the server (or STRONGROOM_URL)')
    .option('--account <name>', 'the account whose trust rules are asked ("default" unless given)')
    .option('--rule <name>', 'the trust rule that is to let the job in (the first that does unless given)')
    .option('--token-file <path>', 'a file with the token; "-" for standard input')
    .option('--audience <text>', 'whom the token of GitHub Actions is to be for (the URL unless given)')
    .addOption(new Option('--format <format>', 'how the key is printed').choices(['json', 'env']).default('json'))
    .description("trade a job's signed token for an API key that lives minutes, and print the key")
    .addHelpText('after', '\nWithout --token-file: the token of the job on GitHub Actions, or standard input.')
    .action(async (options) => (await load()).oidc(options))
  examples(
    oidc,
    ['eval "$(strongroom auth oidc --format env)"', 'on GitHub Actions, for the commands after it'],
    ['strongroom auth oidc --token-file /var/run/secrets/strongroom/token', 'in a pod of Kubernetes'],
  )
}
