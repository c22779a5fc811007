/** What the definitions of commands have in common: examples below the help, and the options of those that ask a server. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { meantBy, similarTo } from './similar.ts'

/** One line that can be typed, and what it does. */
export type Example = readonly [line: string, meaning: string]

/** Shows examples below the help of a command. */
export function examples(command: Command, ...shown: readonly Example[]): Command {
  const lines = shown.map(([line, meaning]) => `  # ${meaning}\n  $ ${line}`)
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}

/** The options of a command that asks a server. */
export interface RemoteOptions {
  /** Where a token is that keys are traded for, or who is asked for one. */
  readonly tokenFile?: string
  readonly oidc?: string
  readonly profile?: string
  readonly json?: boolean
  /** Of a command about what is in an environment. */
  readonly environment?: string
}

/** Gives a command the options of `RemoteOptions`. */
export function remote(command: Command): Command {
  return remoteOfAccount(
    command.option(
      '-e, --environment <environment>',
      'where the secrets are (or STRONGROOM_ENVIRONMENT, or the project file; default: "default")',
    ),
  )
}

/** The same for a command about what is in no environment. */
export function remoteOfAccount(command: Command): Command {
  return command
    .option('--profile <profile>', 'which server and key that "strongroom login" stored (or STRONGROOM_PROFILE)')
    .option(
      '--token-file <file>',
      'sign in with the token in this file, whenever a key ends (or STRONGROOM_TOKEN_FILE)',
    )
    .addOption(
      choice('--oidc <platform>', 'sign in with tokens of this platform (or STRONGROOM_OIDC)', [
        'github',
        'gitlab',
        'netactuate',
      ]),
    )
    .option('--json', 'print JSON')
}

/** Gives a command that starts or makes something the options of `AwayOptions`. */
export function away(command: Command): Command {
  return command
    .option(
      '--fail-after <time>',
      'how long to try a server that is away before giving up, such as 5m; and for agents, how long to bear that it refuses tokens',
    )
    .option('--fallback <file>', 'keep a sealed copy here, and start from it while the server is away')
    .option(
      '--fallback-key-file <file>',
      'seal it with the key in this file, which is made if it is not there (default: with the API key)',
    )
    .option('--fallback-max-age <time>', 'with --fallback: how old the copy may be', '24h')
}

/** An option with one of few values: of another one it says which may have been meant. */
export function choice(flags: string, description: string, values: readonly string[]): Option {
  return new Option(flags, description).choices(values).argParser((text: string) => {
    if (values.includes(text)) return text
    const similar = similarTo(text, values)
    const hint = similar === undefined ? '' : `Did you mean ${similar}? `
    throw new InvalidArgumentError(`${hint}Allowed choices are ${values.join(', ')}.`)
  })
}

/** How a command is called, and where more is said: for whoever typed it wrong. */
export function usageOf(command: Command): string {
  const words: string[] = []
  for (let one: Command | null = command; one.parent !== null; one = one.parent) words.unshift(one.name())
  const usage = `Usage: ${command.createHelp().commandUsage(command)}`
  const help = ['strongroom', 'help', ...words].join(' ')
  return `${usage}\n${words.length === 0 ? `Run "${help}" for a list of commands.` : `Run "${help}" for options and examples.`}`
}

/** Has a command, and all below it, say so after a fault, in the words of all other faults. */
export function explainFaults(command: Command): void {
  command.showHelpAfterError(usageOf(command))
  const names = command.commands.map((one) => one.name())
  command.configureOutput({ outputError: (text, write) => write(faultOf(text, names)) })
  for (const one of command.commands) explainFaults(one)
}

/** What was typed as a value may be one. */
function faultOf(text: string, names: readonly string[]): string {
  return text
    .replace(/^error: /, 'strongroom: ')
    .replace(/^(strongroom: unknown option '--[^='\n]*)=[^\n]*'/, "$1'")
    .replace(/^(strongroom: unknown (?:command|option) '([^'\n]*)')\n\(Did you mean (?:one of )?(.*)\?\)$/m, withoutFar)
    .replace(/^(strongroom: unknown command '([^'\n]*)')(?:\n\(Did you mean .*\?\))?$/m, (hint, fault, typed) => {
      const meant = meantBy(typed, names)
      return meant === undefined ? hint : `${fault}\n(Did you mean ${meant}?)`
    })
}

/** What is too far from what was typed misleads, as "rename" does for "rotate". */
function withoutFar(hint: string, fault: string, typed: string, words: string): string {
  return similarTo(typed, words.split(', ')) === undefined ? fault : hint
}

/** Takes an option that is given several times. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value]
}
