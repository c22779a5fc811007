/** Writes what becomes the environment of a program: dotenv, shell, env-files of Docker, and GITHUB_ENV. */
import { randomBytes } from 'node:crypto'
import { cannotHold, type Entry } from './entry.ts'
import { envName, renamed } from './env-name.ts'
import { isOfRunner, isSteering } from './steering.ts'

const otherFormat = 'Leave it out with --only, or export as json or yaml.'

interface Text {
  readonly name: string
  readonly text: string
}

/** @throws Refusal `invalid` for a value that the format cannot carry */
export function writeDotenv(entries: readonly Entry[]): string {
  return lines(entries, ({ name, text }) => `${name}=${dotenvValue(name, text)}`)
}

/** Without quotes where every reader agrees, else in the first kind of quotes that changes nothing of the value. */
function dotenvValue(name: string, text: string): string {
  if (/^[A-Za-z0-9_./:@%+,=^~\\-]*$/.test(text)) return text
  // A backslash before the closing quote would take its meaning from it.
  const isLiteral = !text.includes('\r') && !text.endsWith('\\')
  if (isLiteral && !text.includes("'")) return `'${text}'`
  if (isLiteral && !text.includes('`')) return `\`${text}\``
  // In double quotes \n and \r stand for line ends, and every other backslash for itself.
  if (!/"|\\[nr]|\\$/.test(text)) return `"${text.replaceAll('\r', '\\r')}"`
  throw cannotHold(name, 'Has quotes or backslashes that dotenv files cannot carry.', otherFormat)
}

/** For `. FILE` or `eval` in any POSIX shell. */
export function writeShell(entries: readonly Entry[]): string {
  return lines(entries, ({ name, text }) => `export ${name}='${text.replaceAll("'", `'\\''`)}'`)
}

/** The longest line that Docker reads, in bytes. */
const maxDockerLine = 65_535

/** For `docker run --env-file`, which knows no quotes: whatever follows the `=` is the value. */
export function writeDocker(entries: readonly Entry[]): string {
  return lines(entries, ({ name, text }) => {
    if (/[\r\n]/.test(text))
      throw cannotHold(name, 'Has more than one line, which an env-file cannot carry.', otherFormat)
    const line = `${name}=${text}`
    if (Buffer.byteLength(line) > maxDockerLine) throw cannotHold(name, 'Is too long for an env-file.', otherFormat)
    return line
  })
}

/** To be appended to the file that `$GITHUB_ENV` names. Nobody who wrote a value could know where it ends. */
export function writeGithub(entries: readonly Entry[]): string {
  return lines(entries, ({ name, text }) => {
    if (isOfRunner(name))
      throw cannotHold(name, 'Is a variable that the runner does not let be set.', 'Leave it out with --only.')
    const end = `end_${randomBytes(16).toString('hex')}`
    return `${name}<<${end}\n${text}\n${end}`
  })
}

function lines(entries: readonly Entry[], write: (text: Text) => string): string {
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
