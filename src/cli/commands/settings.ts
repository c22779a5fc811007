/** How `strongroom settings` is called. */
import type { Command } from 'commander'
import { examples, remoteOfAccount } from '../define.ts'

const load = () => import('../settings.ts')
const loadCustomerKey = () => import('../customer-key.ts')

export function define(settings: Command): void {
  const show = remoteOfAccount(settings.command('show'))
    .description('show what the account is set to')
    .action(async (options) => (await load()).show(options))
  examples(show, ['strongroom settings show', 'whether what is deleted can be restored, and from where keys work'])

  const update = remoteOfAccount(settings.command('update'))
    .requiredOption(
      '--recovery-days <days>',
      'for how many days what is deleted can be restored: 1 to 90, or 0 for not at all',
    )
    .option('-y, --yes', 'do not ask')
    .description('turn undo on or off')
    .action(async (options) => (await load()).update(options))
  examples(
    update,
    ['strongroom settings update --recovery-days 7', 'keep what is deleted for a week'],
    ['strongroom settings update --recovery-days 0', 'turn undo off, and destroy what was kept'],
  )

  const customerKey = remoteOfAccount(settings.command('customer-key'))
    .description('show which provider of its own the account keeps its key with, and whether it opens')
    .action(async (options) => (await loadCustomerKey()).show(options))
  examples(customerKey, ['strongroom settings customer-key', 'whether the values of the account open'])

  const set = remoteOfAccount(settings.command('set-customer-key'))
    .argument('<provider>', 'transit:https://host/mount/name or awskms:key?region=name')
    .option(
      '--credentials <file>',
      'JSON with what the provider is shown: token, role_id and secret_id, or access_key_id and secret_access_key; - for standard input',
    )
    .description('keep the key of the account with a provider')
    .action(async (provider, options) => (await loadCustomerKey()).set(provider, options))
  examples(set, [
    'strongroom settings set-customer-key transit:https://bao.example.com/transit/strongroom --credentials token.json',
    'values open while that key does',
  ])

  const remove = remoteOfAccount(settings.command('remove-customer-key'))
    .option('-y, --yes', 'do not ask')
    .description('keep the key of the account with the operator alone again')
    .action(async (options) => (await loadCustomerKey()).remove(options))
  examples(remove, ['strongroom settings remove-customer-key', 'while the provider opens it'])
}
