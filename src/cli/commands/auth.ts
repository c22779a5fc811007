/** How `strongroom auth` is called. */
import type { Command } from 'commander'
import { examples } from '../define.ts'

export function define(auth: Command): void {
  const oidc = auth
    .command('oidc')
    .option(
      '--token-file <file>',
      'where the token is; - for standard input, from which it is read unless GitHub gives it',
    )
    .option('--audience <audience>', 'which audience to ask GitHub for (default: the URL of the server)')
    .option('--account <name>', 'account that the trust rule is in (default: default)')
    .option('--rule <name>', 'the trust rule to use (default: the first that the token matches)')
    .option('--profile <profile>', 'take the URL of what "strongroom login" stored')
    .option('--json', 'print JSON')
    .description('trade a signed token of a job for an API key that lives minutes, and print the key')
    .action(async (options) => (await import('../auth.ts')).oidc(options))
  examples(
    oidc,
    ['export STRONGROOM_API_KEY="$(strongroom auth oidc)"', 'in a job of GitHub Actions with "id-token: write"'],
    [
      'strongroom auth oidc --token-file /var/run/secrets/tokens/strongroom --rule web',
      'in a pod with a projected service account token',
    ],
  )
}
