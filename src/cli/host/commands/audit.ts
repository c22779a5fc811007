/** How `strongroom audit` is called: what asks a server, and what opens the store on its host. */
import type { Command } from 'commander'
import { define as defineRemote } from '../../commands/audit.ts'
import { examples } from '../../define.ts'

const load = () => import('../audit.ts')

export function define(audit: Command): void {
  audit.commandsGroup('Asking a server:')
  defineRemote(audit)
  audit.commandsGroup('On the host of the server, or without one:')
  defineVerify(audit)
  defineExport(audit)
  const witness = audit
    .command('witness')
    .requiredOption('--kept <file>', 'where the newest checkpoint of the account is kept; made if absent')
    .requiredOption('--checkpoint <file>', 'the new checkpoint')
    .requiredOption('--export <file>', 'the records since the one that is kept (- for standard input)')
    .requiredOption('--key <key>', 'what "strongroom audit key" printed')
    .description('elsewhere, without the store: take a new checkpoint only when it continues the one that is kept')
    .action(async (options) => (await import('../../verify-export.ts')).witness(options))
  examples(witness, [
    'strongroom audit witness --kept kept.txt --checkpoint new.txt --export trail.jsonl --key strongroom/…',
    'on a machine that the operator of the server has no say over',
  ])

  const checkpoint = audit
    .command('checkpoint')
    .description('print a signed checkpoint of every account, to be kept elsewhere')
    .action(async () => (await load()).checkpoint())
  examples(checkpoint, ['strongroom audit checkpoint | ssh witness tee checkpoint.txt', 'keep it far from the store'])

  const sinks = audit
    .command('sinks')
    .option('--json', 'print JSON')
    .description('say how far each sink of STRONGROOM_AUDIT_SINKS has come, and why one does not go on')
    .action(async (options) => (await import('../sinks.ts')).status(options))
  examples(sinks, ['strongroom audit sinks', 'with the settings of the server'])

  defineArchive(audit)

  const key = audit
    .command('key')
    .description('print the key that checkpoints are verified with')
    .action(async () => (await load()).key())
  examples(key, ['strongroom audit key', 'note it down once, elsewhere'])
}

function defineArchive(audit: Command): void {
  const archive = audit
    .command('archive')
    .option('--days <number>', 'records older than this (default: STRONGROOM_AUDIT_KEEP_DAYS)')
    .option('--json', 'print JSON')
    .description('move old records from the database to files where STRONGROOM_AUDIT_ARCHIVE says, now')
    .action(async (options) => (await import('../archive.ts')).archive(options))
  examples(archive, ['strongroom audit archive --days 365', 'what is older than a year'])

  const restore = audit
    .command('restore-segment')
    .argument('<file>', 'a file of the archive, by its path, or its name there')
    .option('--days <number>', 'how long its records stay in the database', '7')
    .option('--json', 'print JSON')
    .description('bring the records of a file of the archive back for some days, so that they are listed and counted')
    .action(async (file, options) => (await import('../archive.ts')).restore(file, options))
  examples(restore, ['strongroom audit restore-segment /archive/1/000000000001-000000010000.jsonl', 'for a week'])
}

function defineVerify(audit: Command): void {
  const verify = audit
    .command('verify')
    .option('--checkpoint <file...>', 'checkpoints that were kept elsewhere: the chains must continue from them')
    .option('--key <key>', 'what the checkpoints are verified with (default: the key of this store)')
    .option('--export <file>', 'verify an export (- for standard input) instead of the store; needs no root key')
    .option('--archive <place>', 'folder or s3: URL where archived records are (default: STRONGROOM_AUDIT_ARCHIVE)')
    .option('--state', 'hold what is in the store against the trail')
    .option('--json', 'print JSON')
    .description('recompute every chain: exit code 0 anchored, 1 tampered, 2 unreadable, 3 intact but unanchored')
    .action(async (options) => (await load()).verify(options))
  examples(verify, [
    'strongroom audit verify --state --checkpoint kept.txt',
    'the store against what was kept elsewhere',
  ])
}

function defineExport(audit: Command): void {
  const exported = audit
    .command('export')
    .option('--account <name>', 'account', 'default')
    .option('--after <number>', 'only the records after this one', '0')
    .option('--archive <place>', 'folder or s3: URL where archived records are (default: STRONGROOM_AUDIT_ARCHIVE)')
    .description('print the records of an account as JSON lines, to be verified elsewhere')
    .action(async (options) => (await load()).exportRecords(options))
  examples(exported, ['strongroom audit export > trail.jsonl', 'all records of the account default'])
}
