/** How `strongroom lists` is called. */
import type { Command } from 'commander'
import { examples, remote } from '../define.ts'

const load = () => import('../lists.ts')
const listText = 'its name, or id:7 for the one with the id 7'

export function define(lists: Command): void {
  const list = remote(lists.command('list'))
    .description('list the lists')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom lists list', 'all lists of the account'])

  const create = remote(lists.command('create'))
    .argument('<name>', '1 to 128 characters on one line')
    .description('make a list')
    .action(async (name, options) => (await load()).create(name, options))
  examples(create, ["strongroom lists create 'Web servers'", 'an empty list'])

  const rename = remote(lists.command('rename'))
    .argument('<list>', listText)
    .argument('<name>', 'the new name')
    .description('rename a list')
    .action(async (ref, name, options) => (await load()).rename(ref, name, options))
  examples(rename, ["strongroom lists rename 'Web servers' Web", 'its secrets stay in it'])

  const remove = remote(lists.command('delete'))
    .argument('<list>', listText)
    .option('-y, --yes', 'do not ask for the name')
    .option('--dry-run', 'show who would be refused, and what its secrets leave behind; delete nothing')
    .description('delete a list, with every secret in it')
    .action(async (ref, options) => (await load()).remove(ref, options))
  examples(remove, ['strongroom lists delete Web', 'says what is in it, and asks for the name once more'])

  const move = remote(lists.command('move'))
    .argument('<list>', listText)
    .argument('<secret...>', 'names, or id:7 for the one with the id 7')
    .description('put secrets into a list')
    .action(async (ref, secrets, options) => (await load()).move(ref, secrets, options))
  examples(move, ['strongroom lists move Web tls-key tls-cert', 'out of the lists that they were in'])
}
