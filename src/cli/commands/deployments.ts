/** How `strongroom deployments` is called. */
import type { Command } from 'commander'
import { examples, remote } from '../define.ts'

const load = () => import('../deployments.ts')

export function define(deployments: Command): void {
  const list = remote(deployments.command('list'))
    .option('--target <name>', 'only of this target')
    .option('--secret <secret>', 'only those that hold this secret')
    .option('--stale', 'only those that hold an old version, or a secret that was deleted')
    .description('list which target holds which version of which secret')
    .action(async (options) => (await load()).list(options))
  examples(
    list,
    ['strongroom deployments list --stale', 'who must be rendered for again'],
    ['strongroom deployments list --secret db-password', 'who holds it'],
  )

  const remove = remote(deployments.command('delete'))
    .argument('<id>', 'id of the deployment')
    .description('forget a deployment, when its machine is gone')
    .action(async (id, options) => (await load()).remove(id, options))
  examples(remove, ['strongroom deployments delete 12', 'its secrets stay'])
}
