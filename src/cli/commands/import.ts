/** How `strongroom import` is called. */
import type { Command } from 'commander'
import { importFormats } from '../../formats/formats.ts'
import { choice, examples, remote } from '../define.ts'

export function define(command: Command): void {
  defineNetactuate(command)
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
