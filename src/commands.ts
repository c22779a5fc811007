/** The table of the commands: each word, what it is for, and the file that defines it, loaded when it is asked for. */
import { styleText } from 'node:util'
import type { Command } from 'commander'
import { programVersion } from './package-root.ts'

interface Entry {
  readonly description: string
  readonly load: () => Promise<{ readonly define: (command: Command) => void }>
}

type Group = Readonly<Record<string, Entry>>

/** Under the heading that the help shows them under. */
const table: Readonly<Record<string, Group>> = {
  'Secrets:': {
    secrets: {
      description: 'list, read, store, generate, edit, compare, rename, move and delete secrets',
      load: () => import('./cli/commands/secrets.ts'),
    },
    env: {
      description: 'environments, such as dev and prod, each with secrets of its own',
      load: () => import('./cli/commands/environments.ts'),
    },
    lists: { description: 'lists that secrets are kept in', load: () => import('./cli/commands/lists.ts') },
    deleted: {
      description: 'what was deleted and can be restored for a while',
      load: () => import('./cli/commands/deleted.ts'),
    },
    rollback: {
      description: 'make an environment again what it was at a time',
      load: () => import('./cli/commands/rollback.ts'),
    },
    run: {
      description: 'run a command with secrets in its environment',
      load: () => import('./cli/commands/run.ts'),
    },
    import: {
      description: 'import secrets from a .env, JSON or YAML file, or another secrets manager',
      load: () => import('./cli/commands/import.ts'),
    },
    export: {
      description: 'print values in a format that other programs read',
      load: () => import('./cli/commands/export.ts'),
    },
    render: {
      description: 'make a file of a template and secrets, once or whenever one changes',
      load: () => import('./cli/commands/render.ts'),
    },
    scan: {
      description: 'find where stored values have leaked: files, a git history, standard input',
      load: () => import('./cli/commands/scan.ts'),
    },
  },
  'The account:': {
    keys: { description: 'API keys', load: () => import('./cli/commands/keys.ts') },
    audit: {
      description: 'the audit trail: read it, follow it, and on the host of the server verify it',
      load: () => import('./cli/host/commands/audit.ts'),
    },
    trust: {
      description: 'OIDC trust rules, for CI jobs and pods without a stored key',
      load: () => import('./cli/commands/trust.ts'),
    },
    webhooks: {
      description: 'send events to a URL of yours as they happen',
      load: () => import('./cli/commands/webhooks.ts'),
    },
    deployments: {
      description: 'which target holds which version of which secret',
      load: () => import('./cli/commands/deployments.ts'),
    },
    settings: {
      description: 'what the account is set to, such as whether deletions can be undone',
      load: () => import('./cli/commands/settings.ts'),
    },
    seed: { description: 'one-time seeds for machines', load: () => import('./cli/commands/seed.ts') },
  },
  'This computer:': {
    init: {
      description: 'create the project file of this folder: which server and secrets it is about',
      load: () => import('./cli/commands/init.ts'),
    },
    login: { description: 'store a server and an API key', load: () => import('./cli/commands/login.ts') },
    auth: { description: 'get a key for a job that has none', load: () => import('./cli/commands/auth.ts') },
    logout: { description: 'forget a stored key', load: () => import('./cli/commands/logout.ts') },
    profiles: {
      description: 'which servers and keys are stored, and which is in use',
      load: () => import('./cli/commands/profiles.ts'),
    },
    status: {
      description: 'which server is asked, and whether it takes the key',
      load: () => import('./cli/commands/status.ts'),
    },
    completion: {
      description: 'generate shell completions',
      load: () => import('./cli/commands/completion.ts'),
    },
  },
  'On the host of the server:': {
    serve: { description: 'run the server', load: () => import('./cli/host/commands/serve.ts') },
    unseal: {
      description: 'give a sealed server the shares of its root key',
      load: () => import('./cli/host/commands/unseal.ts'),
    },
    health: { description: 'ask the server whether it is ready', load: () => import('./cli/host/commands/health.ts') },
    account: { description: 'accounts', load: () => import('./cli/host/commands/account.ts') },
    key: {
      description: 'manage API keys locally, when you have none',
      load: () => import('./cli/host/commands/key.ts'),
    },
    user: { description: 'users of the portal', load: () => import('./cli/host/commands/user.ts') },
    backup: {
      description: 'write an encrypted backup in two parts, while the server runs',
      load: () => import('./cli/host/commands/backup.ts'),
    },
    restore: {
      description: 'fill an empty store with a backup, and prove that it is whole',
      load: () => import('./cli/host/commands/restore.ts'),
    },
    rewrap: {
      description: 'replace or add root keys, in steps, or the master key, while the server runs',
      load: () => import('./cli/host/commands/rewrap.ts'),
    },
    'root-key': {
      description: 'which root keys open the store',
      load: () => import('./cli/host/commands/root-key.ts'),
    },
    'migrate-store': {
      description: 'copy the whole store into an empty one of either kind, and check the copy',
      load: () => import('./cli/host/commands/migrate-store.ts'),
    },
  },
}

/**
 * The command with the definition of one word, and no more than the names of all others.
 *
 * @param word without one, all are defined
 */
export async function programOf(word?: string): Promise<Command> {
  const [{ Command: Program }, { explainFaults }] = await Promise.all([import('commander'), import('./cli/define.ts')])
  const program = new Program('strongroom')
    .description('A self-hosted secrets manager.')
    .helpCommand('help [command...]', 'show the help of a command')
    .helpOption('-h, --help', 'show this help')
    .enablePositionalOptions()
    .configureHelp({ styleTitle: (text) => styleText('bold', text, { validateStream: false }) })
    .exitOverride()
  for (const [heading, group] of Object.entries(table)) {
    for (const [name, { description, load }] of Object.entries(group)) {
      const command = program.command(name).description(description).helpGroup(heading)
      if (word === undefined || word === name) (await load()).define(command)
    }
  }
  explainFaults(program)
  return program
}

/** Runs what was typed. */
export async function run(words: readonly string[]): Promise<void> {
  const [first = '--help', ...rest] = words
  if (first === '--version' || first === '-V') return void process.stdout.write(`${programVersion()}\n`)
  if (first === '__complete') return complete(rest)
  // The help of a command is its own.
  if (first === 'help' && rest.length > 0 && rest[0]?.startsWith('-') === false) return run([...rest, '--help'])
  const isKnown = first.startsWith('-') || first === 'help' || Object.values(table).some((group) => first in group)
  const program = await programOf(first)
  let acting = program
  program.hook('preAction', (_, command) => {
    acting = command
  })
  try {
    await program.parseAsync(isKnown ? [first, ...rest] : [first], { from: 'user' })
  } catch (error) {
    throw await withUsage(error, acting)
  }
}

/** What a command finds wrong with what was typed is told as its definition tells it. */
async function withUsage(error: unknown, command: Command): Promise<unknown> {
  const [{ Fault }, { usageOf }] = await Promise.all([import('./cli/output.ts'), import('./cli/define.ts')])
  if (error instanceof Fault && error.kind === 'usage') error.usage = usageOf(command)
  return error
}

/** What a shell asks when Tab is pressed: prints what the last word may become. */
async function complete(words: readonly string[]): Promise<void> {
  const typed = words[0] === 'help' ? words.slice(1) : words
  const program = await programOf(typed[0] ?? '')
  await (await import('./cli/completion.ts')).complete(program, typed)
}
