/** Writes what becomes the environment of a program: shell, env-files of Docker, and GITHUB_ENV. */
import { randomBytes } from 'node:crypto'
import { cannotHold, type Entry } from './entry.ts'
import { isOfRunner } from './unsafe-variables.ts'
import { lines, otherFormat } from './write-dotenv.ts'

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
