/** How `strongroom backup` is called. */
import type { Command } from 'commander'
import { examples } from '../../define.ts'

const load = () => import('../backup.ts')

export function define(backup: Command): void {
  backup
    .option('--out <path>', 'what the names of both files begin with')
    .option('--replace', 'put it in the place of one of the same names')
    .option('--recipient <key...>', 'for whom it is: public keys of age')
    .option('--recipients-file <file>', 'the same, from a file')
    .option('--passphrase-file <file>', 'or else a passphrase')
    .option('--json', 'print JSON')
    .action(async (options) => (await load()).make(options))
  examples(backup, [
    'strongroom backup --out /backup/monday --recipients-file ops.pub',
    'two files that need each other',
  ])

  const verify = backup
    .command('verify')
    .requiredOption('--from <path>', 'what the names of both files begin with')
    .option('--identity <file>', 'secret keys of age')
    .option('--passphrase-file <file>', 'or else the passphrase')
    .option('--json', 'print JSON')
    .description('restore a backup into a store that is thrown away, and prove that it is whole')
    .action(async (options) => (await load()).verify(options))
  examples(verify, [
    'strongroom backup verify --from /backup/monday --identity ops.key',
    'prove that it can be restored',
  ])
}
