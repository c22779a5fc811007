/** How `strongroom login` is called. */
import type { Command } from 'commander'
import { choice, examples } from '../define.ts'

export function define(command: Command): void {
  command
    .option('--url <url>', 'where the server is, such as https://strongroom.example.com (default: it is asked for)')
    .option('--profile <name>', 'what to store it as, for several servers or keys', 'default')
    .option('--web', 'log in with your browser, without asking for an API key')
    .option('--no-browser', 'do not open a browser: print the address and the code only')
    .option('--account <name>', 'the account to log in to, where the server has several')
    .option('--token-file <file>', 'store where a token is in place of a key: each command trades it for its own')
    .addOption(choice('--oidc <platform>', 'the same with tokens of this platform', ['github', 'gitlab', 'netactuate']))
    .option('--rule <name>', 'the trust rule to use (default: the first that the token matches)')
    .option('--audience <audience>', 'which audience to ask GitHub for (default: the URL of the server)')
    .option('--scope <scopes...>', 'permissions to ask for (default: all that you have for secrets)')
    .option('--expires <time>', 'how long the key stays valid: up to 30d', '12h')
    .option('--client-cert <file>', 'show this certificate to a server that asks for one; where it is, is stored')
    .option('--client-key <file>', 'its private key, not encrypted')
    .option('--bind-network', 'ask for a key that works from this IP address only')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nAn API key is asked for, or read from standard input. It is never a parameter. --scope, --expires and\n--bind-network are for a login with the browser, --rule and --audience for one with tokens, --account for both.',
    )
    .action(async (options) => (await import('../login.ts')).login(options))
  examples(
    command,
    ['strongroom login', 'log in with your browser, or paste an API key'],
    ['strongroom login --url https://strongroom.example.com --web --no-browser', 'confirm on another computer'],
    ['strongroom login --web --scope secrets:list secrets:read --expires 1h', 'ask for less'],
    [
      'strongroom login --url https://strongroom.example.com --token-file /var/run/secrets/strongroom/token',
      'for a job whose platform signs tokens: no key is stored',
    ],
    [
      'strongroom login --url https://strongroom.example.com --client-cert laptop.pem --client-key laptop.key',
      'for a server with mutual TLS',
    ],
    [
      'strongroom login --url https://strongroom.example.com --profile work < key.txt',
      'store an API key without a terminal',
    ],
  )
}
