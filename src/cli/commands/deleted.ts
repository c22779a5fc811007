/** How `strongroom deleted` is called. */
import type { Command } from 'commander'
import { examples, remote } from '../define.ts'

const load = () => import('../deleted.ts')
const idText = 'its id in "strongroom deleted list"'

export function define(deleted: Command): void {
  const list = remote(deleted.command('list'))
    .description('list what was deleted and can be restored')
    .action(async (options) => (await load()).list(options))
  examples(list, ['strongroom deleted list', 'what the account keeps, as far as it is set to'])

  const restore = remote(deleted.command('restore'))
    .argument('<id>', idText)
    .option('--name <name>', 'restore it under another name')
    .option('--list <list>', 'the name of the list that a secret goes into')
    .description('restore what was deleted, with its history; a list with all that was in it')
    .action(async (id, options) => (await load()).restore(id, options))
  examples(
    restore,
    ['strongroom deleted restore 7', 'as it was'],
    ['strongroom deleted restore 7 --name db-old', 'where its name is taken by now'],
  )

  const purge = remote(deleted.command('purge'))
    .argument('<id>', idText)
    .option('-y, --yes', 'do not ask')
    .description('destroy what was deleted at once')
    .action(async (id, options) => (await load()).purge(id, options))
  examples(purge, ['strongroom deleted purge 7', 'it can never be restored again'])
}
