/** What the definitions of commands have in common: examples below the help, and the options of those that ask a server. */
import type { Command } from 'commander'

/** One line that can be typed, and what it does. */
export type Example = readonly [line: string, meaning: string]

/** Shows examples below the help of a command. */
export function examples(command: Command, ...shown: readonly Example[]): Command {
  const lines = shown.map(([line, meaning]) => `  # ${meaning}\n  $ ${line}`)
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}

/** The options of a command that asks a server. */
export interface RemoteOptions {
  readonly profile?: string
  readonly json?: boolean
}

/** Gives a command the options of `RemoteOptions`. */
export function remote(command: Command): Command {
  return command
    .option('--profile <name>', 'which server and key that "strongroom login" stored (or STRONGROOM_PROFILE)')
    .option('--json', 'print JSON')
}

/** Takes an option that is given several times. */
export function collect(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value]
}
