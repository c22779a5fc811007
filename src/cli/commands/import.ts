/** How `strongroom import` is called. */
import type { Command } from 'commander'
import { importFormats } from '../../formats/formats.ts'
import { choice, collect, examples, remote } from '../define.ts'

export function define(command: Command): void {
  defineNetactuate(command)
  defineVault(command)
  remote(command)
    .argument('<file>', 'what another program wrote; - for standard input')
    .addOption(choice('--format <format>', 'what the file is (default: recognized by what is in it)', importFormats))
    .option('--list <list>', 'where new secrets go; those that are there stay where they are')
    .option('--prefix <prefix>', 'what the names of the secrets begin with', '')
    .option('--dry-run', 'show what would be stored, and store nothing')
    .option('-y, --yes', 'do not ask')
    .action(async (file, options) => (await import('../import-secrets.ts')).importOrExplain(file, options))
  examples(
    command,
    ['strongroom import .env --prefix web- --dry-run', 'what would be new, changed or the same'],
    ['vault kv get -format=json secret/web | strongroom import - --yes', 'from Vault'],
    ['doppler secrets download --no-file --format json | strongroom import - --format doppler --yes', 'from Doppler'],
    ['strongroom import export.1pux --list 1Password', 'from 1Password: says what each name becomes'],
    ['bws secret list --output json | strongroom import - --yes', 'from Bitwarden Secrets Manager'],
    ['aws secretsmanager get-secret-value --secret-id prod/db | strongroom import - --yes', 'from AWS'],
  )
}

function defineNetactuate(command: Command): void {
  const netactuate = remote(command.command('netactuate'))
    .option('--url <url>', 'where its Secret Lists API is', 'https://vapi2.netactuate.com/api/')
    .option('--api-key-file <file>', 'its API key; - for standard input (or NETACTUATE_API_KEY)')
    .option('--api-key <key>', 'its API key, where nobody else sees what runs on this computer')
    .addOption(
      choice('--on-clash <choice>', 'what to do about what is here with the same name', [
        'fail',
        'skip',
        'replace',
      ]).default('fail'),
    )
    .option('--dry-run', 'show what would be stored, and store nothing')
    .option('-y, --yes', 'do not ask')
    .description('bring the lists and values of a NetActuate account over')
    .action(async (options) => (await import('../import-netactuate.ts')).importNetactuate(options))
  examples(
    netactuate,
    ['strongroom import netactuate --api-key-file netactuate.key --dry-run', 'what would be new, the same, or clash'],
    ['strongroom import netactuate --on-clash skip --yes', 'with NETACTUATE_API_KEY set; what clashes is left alone'],
  )
}

function defineVault(command: Command): void {
  const vault = remote(command.command('vault'))
    .option('--addr <url>', 'where Vault or OpenBao is (or BAO_ADDR, VAULT_ADDR)')
    .option(
      '--vault-token-file <file>',
      'its token; - for standard input (or BAO_TOKEN, VAULT_TOKEN, or what "vault login" keeps in ~/.vault-token)',
    )
    .option('--namespace <namespace>', 'its namespace (or BAO_NAMESPACE, VAULT_NAMESPACE)')
    .option('--mount <mount>', 'its key/value engine', 'secret')
    .addOption(choice('--kv-version <version>', 'of the engine (default: the server is asked)', ['1', '2']))
    .option('--path <path>', 'one secret of it, or all that is below a folder, such as app/', '')
    .option('--prefix <prefix>', 'what the names of the secrets begin with', '')
    .option(
      '--rename <from=to>',
      'what a path begins with, and what its name does; may be given several times',
      collect,
    )
    .option('--list <list>', 'where new secrets go; those that are there stay where they are')
    .addOption(
      choice('--versions <which>', 'bring every version over, or the newest alone', ['all', 'newest']).default('all'),
    )
    .addOption(
      choice('--on-clash <choice>', 'what to do about what is here with another value', ['skip', 'replace']).default(
        'skip',
      ),
    )
    .option('--state <file>', 'keep here how far it has come: a later run reads no value again that it has stored')
    .option('--dry-run', 'show what would be stored, and store nothing')
    .option('-y, --yes', 'do not ask')
    .description('bring a key/value engine of Vault or OpenBao over, with versions and metadata')
    .action(async (options) => (await import('../import-vault.ts')).importVault(options))
  examples(
    vault,
    [
      'strongroom import vault --addr https://vault.example.com:8200 --mount secret --dry-run',
      'what would be new, or is left out',
    ],
    ['strongroom import vault --mount kv --path app/ --environment prod --yes', 'with VAULT_ADDR and VAULT_TOKEN set'],
    ["strongroom import vault --rename 'old app/=old-app/' --state vault.state --yes", 'goes on where it stopped'],
  )
}
