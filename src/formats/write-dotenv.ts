/** Writes dotenv files, and what is common to all that becomes the environment of a program. */
import { cannotHold, type Entry } from './entry.ts'
import { envName, renamed } from './env-name.ts'
import { isSteering } from './unsafe-variables.ts'

export const otherFormat = 'Leave it out with --only, or export as json or yaml.'

interface Text {
  readonly name: string
  readonly text: string
}

/**
 * For dotenv of Node and of Python, godotenv, Compose, Ruby's dotenv, and shells that read it with `. FILE`: what they
 * read differently is refused, and nothing of it is run by any.
 *
 * @throws Refusal `invalid` for a value that the format cannot carry
 */
export function writeDotenv(entries: readonly Entry[]): string {
  return lines(entries, ({ name, text }) => `${name}=${dotenvValue(name, text)}`)
}

/** Without quotes where every reader agrees, else in those within which every reader takes the value as it is. */
function dotenvValue(name: string, text: string): string {
  // zsh takes what follows "=" for a command, at the beginning and behind each colon.
  if (/^[A-Za-z0-9_./:@%+,=^-]*$/.test(text) && !/(?:^|:)=/.test(text)) return text
  // Python fills in variables whatever the quotes are, and all but Compose read a carriage return as a line end.
  const isLiteral = !text.includes('\r') && !text.includes('${')
  // Python takes two backslashes for one, and all take one before the closing quote for its own.
  if (isLiteral && !/'|\\\\|\\$/.test(text)) return `'${text}'`
  // Within these, each reader has escapes and variables of its own, and a shell runs commands.
  if (isLiteral && !/["\\$`]/.test(text)) return `"${text}"`
  throw cannotHold(name, whyNot(text), 'Export it as shell, json or yaml, or leave it out with --only.')
}

function whyNot(text: string): string {
  if (text.includes('\r')) return 'Has a carriage return, which readers of dotenv files take for a line end.'
  if (text.includes('${')) return 'Has "${", which some readers of dotenv files fill in, whatever the quotes are.'
  return 'Has an apostrophe, or backslashes, together with what readers of dotenv files read differently.'
}

/** A line for each variable, or several. */
export function lines(entries: readonly Entry[], write: (text: Text) => string): string {
  return renamed(entries, (name) => envName(name))
    .map((entry) => `${write(textIn(entry))}\n`)
    .join('')
}

function textIn({ name, value }: Entry): Text {
  if (isSteering(name))
    throw cannotHold(name, 'Is a variable that decides what programs do.', 'Leave it out with --only.')
  if (typeof value !== 'string')
    throw cannotHold(name, 'Is not a text.', 'Leave it out with --only, or export as k8s or yaml.')
  if (value.includes('\0')) throw cannotHold(name, 'Has a NUL character, which no variable can carry.', otherFormat)
  return { name, text: value }
}
