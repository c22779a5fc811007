/** How `strongroom secrets` is called. */
import type { Command } from 'commander'
import { choice, collect, examples, remote } from '../define.ts'
import { kinds } from '../value-kinds.ts'

const secretText = 'its name, or id:7 for the one with the id 7'

export function define(secrets: Command): void {
  defineList(secrets)
  defineGet(secrets)
  defineSet(secrets)
  defineEdit(secrets)
  defineDelete(secrets)
  defineVersions(secrets)
  defineGenerate(secrets)
  defineMove(secrets)
  defineWho(secrets)
  defineDecoy(secrets)
}

/** What is said of a secret with its value. */
function withDetails(command: Command): Command {
  return command
    .option('--list <list>', 'where a new secret goes')
    .option('--description <text>', 'what it is for')
    .option('--tag <tag>', 'a tag; may be given several times', collect)
    .option('--expires <time>', 'when it should be replaced, such as 2027-01-31 or 90d')
    .option('--if-version <number>', 'only if this is its version now; 0: only if there is none')
}

function defineList(secrets: Command): void {
  const list = remote(secrets.command('list'))
    .argument('[pattern]', 'a name, or a pattern with * for any characters')
    .option('--folder <folder>', 'only those directly in this folder, and the folders in it; "" for what is in none')
    .option('--list <list>', 'only those in this list')
    .option('--tag <tag>', 'only those with this tag')
    .option('--expired', 'only those that have expired')
    .option('--inherited', 'with those that the environment inherits from its base')
    .option('--names', 'print names alone, one on a line')
    .description('list secrets, without values')
    .action(async (pattern, options) => (await import('../secrets.ts')).list(pattern, options))
  examples(
    list,
    ['strongroom secrets list', 'all that the key may list'],
    ["strongroom secrets list 'prod-*' --json", 'for a program'],
    ['strongroom secrets list --folder web/', 'what is in a folder, folders first'],
  )
}

function defineGet(secrets: Command): void {
  const get = remote(secrets.command('get'))
    .argument('<secret>', secretText)
    .option('--version <number>', 'the value as it was')
    .option('--stored', 'a template as it is stored, without what it refers to')
    .option('-o, --output <file>', 'write it to a new file that only you may read')
    .description('print a value, byte for byte (and a line end, on a terminal)')
    .action(async (secret, options) => (await import('../secrets.ts')).get(secret, options))
  examples(
    get,
    ['strongroom secrets get db-password', 'print the value'],
    ['strongroom secrets get web.p12 -o /run/web.p12', 'a file, for its owner alone'],
    ['strongroom secrets get db-password --version 3', 'an older one'],
  )
}

function defineSet(secrets: Command): void {
  const command = remote(secrets.command('set'))
    .argument('<secret>', secretText)
    .option('--file <file>', 'read the value from a file: UTF-8 is stored as text, anything else as a file')
    .option('--value <value>', 'the value itself. Others on this computer can see it, and the shell remembers it')
    .option('--trim', 'leave out a line end at the end')
    .option('--dry-run', 'show which targets would be out of date, and store nothing')
    .addOption(choice('--type <type>', 'of a new secret', ['text', 'file', 'template']))
  const set = withDetails(command)
    .description('store a value from standard input or a hidden prompt; makes the secret, or a new version of it')
    .action(async (secret, options) => (await import('../set.ts')).set(secret, options))
  examples(
    set,
    ['strongroom secrets set db-password', 'asks for the value'],
    ['openssl rand -hex 32 | strongroom secrets set session-key --trim', 'from another program'],
    ['strongroom secrets set tls-key --file web.pem --expires 90d', 'from a file'],
  )
}

function defineEdit(secrets: Command): void {
  const edit = remote(secrets.command('edit'))
    .argument('<secret>', secretText)
    .description('open a value in $EDITOR, in memory where that can be, and store what was saved')
    .action(async (secret, options) => (await import('../edit.ts')).edit(secret, options))
  examples(edit, ['EDITOR="code --wait" strongroom secrets edit app-config', 'an editor that waits'])
}

function defineDelete(secrets: Command): void {
  const remove = remote(secrets.command('delete'))
    .argument('<secret>', secretText)
    .option('--dry-run', 'show who reads it and what it would leave behind, and delete nothing')
    .option('-y, --yes', 'do not ask for the name')
    .description('delete a secret, with all its versions')
    .action(async (secret, options) => (await import('../secrets.ts')).remove(secret, options))
  examples(
    remove,
    ['strongroom secrets delete db-password', 'asks for the name once more'],
    ['strongroom secrets delete db-password --yes', 'for scripts'],
  )
}

function defineVersions(secrets: Command): void {
  const history = remote(secrets.command('history'))
    .argument('<secret>', secretText)
    .description('list the versions that are kept')
    .action(async (secret, options) => (await import('../versions.ts')).history(secret, options))
  examples(history, ['strongroom secrets history db-password', 'newest first, without values'])

  const restore = remote(secrets.command('restore'))
    .argument('<secret>', secretText)
    .argument('<version>', 'number of an older version')
    .option('--dry-run', 'show which targets would be out of date, and store nothing')
    .description('store an older value as a new version')
    .action(async (secret, version, options) => (await import('../versions.ts')).restore(secret, version, options))
  examples(restore, ['strongroom secrets restore db-password 3', 'what version 3 was is the newest version now'])

  const destroy = remote(secrets.command('destroy'))
    .argument('<secret>', secretText)
    .argument('<version>', 'its number')
    .option('-y, --yes', 'do not ask')
    .description('destroy the value of one version, and keep the others')
    .action(async (secret, version, options) => (await import('../versions.ts')).destroy(secret, version, options))
  examples(destroy, ['strongroom secrets destroy db-password 3', 'version 3 can never be read again'])

  const diff = remote(secrets.command('diff'))
    .argument('<secret>', secretText)
    .argument('[from]', 'number of a version (default: the one before the newest)')
    .argument('[to]', 'number of a version (default: the newest)')
    .option('--values', 'print the lines that differ')
    .description('say whether and where two versions differ; with --values, how')
    .action(async (secret, from, to, options) => (await import('../versions.ts')).diff(secret, from, to, options))
  examples(
    diff,
    ['strongroom secrets diff app-config', 'how many lines the newest version changed'],
    ['strongroom secrets diff app-config 2 5 --values', 'the lines themselves'],
  )
}

function defineGenerate(secrets: Command): void {
  const command = remote(secrets.command('generate'))
    .argument('<secret>', 'its name; a new one, or one that gets a new version')
    .addOption(choice('--kind <kind>', 'what to generate', kinds).default('password'))
    .option(
      '--length <number>',
      'of a password in characters (32), of hex and base64 in bytes (32), in words (6), of RSA in bits (3072)',
    )
    .option('--alphabet <characters>', 'of a password: alnum, readable, symbols, digits, or the characters themselves')
    .option('--print', 'print the value, too')
    .option('--dry-run', 'show which targets would be out of date, and store nothing')
  const generate = withDetails(command)
    .description('store a random value or a new key pair that nobody has seen')
    .action(async (secret, options) => (await import('../generate.ts')).generate(secret, options))
  examples(
    generate,
    ['strongroom secrets generate session-key', '32 letters and digits, 190 bits'],
    ['strongroom secrets generate admin-password --kind words --print', 'six words, to be typed'],
    ['strongroom secrets generate deploy-key --kind ed25519', 'the private key; the public one is deploy-key.pub'],
  )
}

function defineMove(secrets: Command): void {
  const rename = remote(secrets.command('rename'))
    .argument('<secret>', secretText)
    .argument('<name>', 'the new name')
    .option('--if-version <number>', 'only if this is its version now')
    .description('rename a secret; its versions, list and tags stay')
    .action(async (secret, name, options) => (await import('../rename.ts')).rename(secret, name, options))
  examples(rename, ['strongroom secrets rename db-password shop/db-password', 'into a folder'])

  const move = remote(secrets.command('move'))
    .argument('<secret...>', 'names or patterns, or id:7 for the one with the id 7')
    .requiredOption('--to <list>', 'the list that they go into')
    .description('move secrets into another list')
    .action(async (refs, options) => (await import('../move.ts')).move(refs, options))
  examples(move, ["strongroom secrets move 'web-*' tls-key --to Web", 'out of the lists that they are in'])
}

function defineWho(secrets: Command): void {
  const who = remote(secrets.command('who'))
    .argument('<secret>', secretText)
    .option('--since <time>', 'who has read it since then, such as 2027-01-31 or 30d (default: ever)')
    .description('show who has read a secret, who can, and what it is deployed to')
    .action(async (secret, options) => (await import('../who.ts')).who(secret, options))
  examples(who, ['strongroom secrets who db-password --since 30d', 'before you replace it'])
}

function defineDecoy(secrets: Command): void {
  const decoy = remote(secrets.command('decoy'))
    .argument('[secret]', `${secretText}; without one, those that are decoys are listed`)
    .option('--revoke', 'also revoke the key that reads it')
    .option('--off', 'make it an ordinary secret again')
    .description('mark a secret as a decoy: whoever reads it is told of at once')
    .action(async (secret, options) => (await import('../decoy.ts')).decoy(secret, options))
  examples(
    decoy,
    ['strongroom secrets decoy old-root-password --revoke', 'a trap that also ends the key'],
    ['strongroom secrets decoy', 'the decoys that there are'],
    ['strongroom audit list --action decoy.read', 'who fell for one'],
  )
}
