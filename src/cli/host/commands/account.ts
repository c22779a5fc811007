/** How `strongroom account` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

const load = () => import('../account.ts')

export function define(account: Command): void {
  const create = account
    .command('create')
    .argument('<name>', 'name of the account')
    .option('--json', 'print JSON')
    .description('make an account, and print its first API key')
    .action(async (name, options) => (await load()).create(name, options))
  examples(create, ['strongroom account create payments', 'make an account'])

  const list = account
    .command('list')
    .option('--json', 'print JSON')
    .description('list the accounts')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom account list --json', 'for a program'])

  const machineNetworks = account
    .command('machine-networks')
    .argument('<name>', 'name of the account')
    .option('--set <networks>', 'addresses or networks, separated by commas; "" for none')
    .option('--json', 'print JSON')
    .description('show or set the addresses that an account may have for its machines')
    .action(async (name, options) => (await load()).machineNetworks(name, options))
  examples(machineNetworks, [
    'strongroom account machine-networks acme --set 10.1.0.0/16,2001:db8:7::/48',
    'no other account may have these',
  ])

  const rotateKey = account
    .command('rotate-key')
    .argument('<name>', 'name of the account')
    .option('--json', 'print JSON')
    .description("replace the key that wraps the keys of the account's secrets, while it is in use")
    .action(async (name, options) => (await load()).rotateKey(name, options))
  examples(rotateKey, ['strongroom account rotate-key default', 'every secret key is wrapped anew'])
}
