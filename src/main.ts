/** The command `strongroom`: reads the first word and loads that command, and no other. */
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { fail } from './cli/output.ts'

// Beside the code itself: whoever could change the one could change the other. Where it cannot be written, it is not.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/strongroom', import.meta.url)))

/** Loaded when they are asked for. */
const on = {
  account: () => import('./cli/host/account.ts'),
  key: () => import('./cli/host/key.ts'),
  audit: () => import('./cli/host/audit.ts'),
  user: () => import('./cli/host/user.ts'),
  backup: () => import('./cli/host/backup.ts'),
}

const program = new Command('strongroom')
  .description('A self-hosted secrets manager.')
  .helpCommand(true)
  .enablePositionalOptions()
  .showHelpAfterError('(see strongroom help)')

program
  .command('serve')
  .description('run the server')
  .action(async () => (await import('./cli/host/serve.ts')).serve())

const account = program.command('account').description('accounts, on the host of the server')
account
  .command('create')
  .argument('<name>', 'name of the account')
  .option('--json', 'print JSON')
  .description('make an account, and print its first API key')
  .action(async (name, options) => (await on.account()).create(name, options))
account
  .command('list')
  .option('--json', 'print JSON')
  .description('list the accounts')
  .action(async (options) => (await on.account()).list(options))

account
  .command('rotate-key')
  .argument('<name>', 'name of the account')
  .option('--json', 'print JSON')
  .description("replace the key that wraps the keys of the account's secrets, while it is in use")
  .action(async (name, options) => (await on.account()).rotateKey(name, options))

program
  .command('rewrap')
  .option('--to <file>', 'let the root key in this file open the store as well; made if absent')
  .option('--finish', 'leave the root key of the settings as the only one')
  .option('--master', "make a new version of the master key, and wrap every account's key under it")
  .option('--json', 'print JSON (with --master)')
  .description(
    'replace the root key or the master key, while the server runs: the root key first with --to, then in the settings of every node, then with --finish',
  )
  .action(async (options) => (await import('./cli/host/rewrap.ts')).rewrap(options))

program
  .command('migrate-store')
  .requiredOption('--from <store>', 'sqlite:FOLDER or postgres://…')
  .requiredOption('--to <store>', 'an empty one')
  .option('--json', 'print JSON')
  .description('copy the whole store into an empty one of either kind, and check the copy')
  .action(async (options) => (await import('./cli/host/migrate-store.ts')).migrateStore(options))

const backup = program
  .command('backup')
  .enablePositionalOptions()
  .option('--out <path>', 'what the names of both files begin with')
  .option('--recipient <key...>', 'for whom it is: public keys of age')
  .option('--recipients-file <file>', 'the same, from a file')
  .option('--passphrase-file <file>', 'or else a passphrase')
  .option('--json', 'print JSON')
  .description('write an encrypted backup in two parts, while the server runs')
  .action(async (options) => (await on.backup()).make(options))
backup
  .command('verify')
  .requiredOption('--from <path>', 'what the names of both files begin with')
  .option('--identity <file>', 'secret keys of age')
  .option('--passphrase-file <file>', 'or else the passphrase')
  .option('--json', 'print JSON')
  .description('restore a backup into a store that is thrown away, and prove that it is whole')
  .action(async (options) => (await on.backup()).verify(options))
program
  .command('restore')
  .requiredOption('--from <path>', 'what the names of both files begin with')
  .option('--to <store>', 'sqlite:FOLDER or postgres://…, empty (default: the store of the settings)')
  .option('--identity <file>', 'secret keys of age')
  .option('--passphrase-file <file>', 'or else the passphrase')
  .option('--json', 'print JSON')
  .description('fill an empty store with a backup, and prove that it is whole')
  .action(async (options) => (await on.backup()).bring(options))

const key = program.command('key').description('API keys, on the host of the server')
key
  .command('create')
  .argument('<name>', 'what the key is for')
  .option('--account <name>', 'account that the key belongs to', 'default')
  .option('--scope <scope...>', 'what it may do, such as secrets:read:prod-* (default: everything)')
  .option('--network <cidr...>', 'where it may be used from')
  .option('--expires <time>', 'when it ends, such as 2027-01-31T00:00:00Z')
  .option('--json', 'print JSON')
  .description('make an API key, and print it')
  .action(async (name, options) => (await on.key()).create(name, options))
key
  .command('list')
  .option('--account <name>', 'account', 'default')
  .option('--json', 'print JSON')
  .description('list the API keys of an account')
  .action(async (options) => (await on.key()).list(options))
key
  .command('revoke')
  .argument('<id>', 'id of the key')
  .option('--account <name>', 'account', 'default')
  .option('--json', 'print JSON')
  .description('revoke an API key for good')
  .action(async (id, options) => (await on.key()).revoke(id, options))
key
  .command('generate')
  .description('print a new API key for STRONGROOM_BOOTSTRAP_API_KEY, and store nothing')
  .action(async () => (await on.key()).generate())

const user = program.command('user').description('users of the portal, on the host of the server')
user
  .command('create')
  .argument('[email]', 'what they sign in with (an owner may say so later)')
  .option('--account <name>', 'account that they belong to', 'default')
  .option('--role <role>', 'owner, admin, editor, reader or auditor', 'owner')
  .option('--name <name>', 'what they are called')
  .option('--pattern <pattern...>', 'names or patterns that narrow the role')
  .option('--json', 'print JSON')
  .description('make a user, and print the one-time link that sets the password')
  .action(async (email, options) => (await on.user()).create(email, options))
user
  .command('list')
  .option('--account <name>', 'account', 'default')
  .option('--json', 'print JSON')
  .description('list the users of an account')
  .action(async (options) => (await on.user()).list(options))
user
  .command('disable')
  .argument('<email>', 'what they sign in with')
  .option('--account <name>', 'account', 'default')
  .option('--json', 'print JSON')
  .description('disable a user, and end their sessions')
  .action(async (email, options) => (await on.user()).disable(email, options))
user
  .command('reset')
  .argument('<email>', 'what they sign in with')
  .option('--account <name>', 'account', 'default')
  .option('--json', 'print JSON')
  .description('print a one-time link that sets a new password')
  .action(async (email, options) => (await on.user()).reset(email, options))

const audit = program.command('audit').description('the audit trail, on the host of the server')
audit
  .command('verify')
  .option('--checkpoint <file...>', 'checkpoints that were kept elsewhere: the chains must continue from them')
  .option('--key <key>', 'what the checkpoints are verified with (default: the key of this store)')
  .option('--export <file>', 'verify an export (- for standard input) instead of the store; needs no root key')
  .option('--state', 'hold what is in the store against the trail')
  .option('--json', 'print JSON')
  .description('recompute every chain: exit code 0 anchored, 1 tampered, 2 unreadable, 3 intact but unanchored')
  .action(async (options) => (await on.audit()).verify(options))

audit
  .command('export')
  .option('--account <name>', 'account', 'default')
  .option('--after <number>', 'only the records after this one', '0')
  .description('print the records of an account as JSON lines, to be verified elsewhere')
  .action(async (options) => (await on.audit()).exportRecords(options))
audit
  .command('witness')
  .requiredOption('--kept <file>', 'where the newest checkpoint of the account is kept; made if absent')
  .requiredOption('--checkpoint <file>', 'the new checkpoint')
  .requiredOption('--export <file>', 'the records since the one that is kept (- for standard input)')
  .requiredOption('--key <key>', 'what "strongroom audit key" printed')
  .description('elsewhere, without the store: take a new checkpoint only when it continues the one that is kept')
  .action(async (options) => (await import('./cli/export.ts')).witness(options))
audit
  .command('checkpoint')
  .description('print a signed checkpoint of every account, to be kept elsewhere')
  .action(async () => (await on.audit()).checkpoint())
audit
  .command('key')
  .description('print the key that checkpoints are verified with')
  .action(async () => (await on.audit()).key())

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = fail(error)
}
