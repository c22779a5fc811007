/** How `strongroom settings` is called. */
import type { Command } from 'commander'
import { examples, remoteOfAccount } from '../define.ts'

const load = () => import('../settings.ts')

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
}
