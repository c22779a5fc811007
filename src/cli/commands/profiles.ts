/** How `strongroom profiles` is called. */
import type { Command } from 'commander'
import { examples } from '../define.ts'

export function define(profiles: Command): void {
  const list = profiles
    .command('list', { isDefault: true })
    .option('--json', 'print JSON')
    .description('list what is stored, without the keys')
    .action(async (options) => (await import('../login.ts')).listProfiles(options))
  examples(list, ['strongroom profiles', 'a star marks the one in use'])

  const use = profiles
    .command('use')
    .argument('<profile>', 'name of a profile')
    .option('--json', 'print JSON')
    .description('use a profile from now on')
    .action(async (name, options) => (await import('../login.ts')).useProfile(name, options))
  examples(use, ['strongroom profiles use work', 'for one command, --profile work or STRONGROOM_PROFILE=work will do'])
}
