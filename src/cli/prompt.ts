/** Questions to a person, on standard error so that answers of commands stay apart, and only on a terminal. */
import { constants } from 'node:os'
import { Writable } from 'node:stream'
import { Fault, shown } from './output.ts'

/** So long after a line nothing more comes of what was pasted with it. Nobody notices that it is waited for. */
const pasteMs = 50

/** Whether there is a person to ask. */
export function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/**
 * Asks for what nobody may read over a shoulder.
 *
 * @param otherwise what to do without a terminal
 * @throws Fault `usage` where there is none, and for several lines at once
 */
export async function askHidden(question: string, otherwise: string): Promise<string> {
  return ask(`${question} (not shown): `, otherwise, true)
}

/** Asks for a line of text. */
export async function askText(question: string, otherwise: string): Promise<string> {
  return ask(`${question}: `, otherwise, false)
}

/** Asks yes or no; no is what a mere Enter means. */
export async function confirm(question: string, otherwise: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `, otherwise, false)).trim())
}

async function ask(question: string, otherwise: string, isHidden: boolean): Promise<string> {
  if (!isInteractive()) throw new Fault('usage', `There is no terminal to ask on. ${otherwise}`)
  const lines = await readLines(shown(question), isHidden)
  if (isHidden) process.stderr.write('\n')
  if (lines.length === 1) return lines[0] ?? ''
  throw new Fault('usage', 'Several lines were pasted, and one was asked for. Use a file, or standard input.')
}

/** One line, or all that were pasted at once. Ctrl-C and Ctrl-D end the command as they would end any other. */
async function readLines(question: string, isHidden: boolean): Promise<readonly string[]> {
  // Few commands ask.
  const { createInterface } = await import('node:readline')
  return new Promise((resolve) => {
    const lines: string[] = []
    const output = isHidden ? nowhere() : process.stderr
    // From here on the terminal itself shows nothing of what is typed.
    const reader = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
    if (isHidden) process.stderr.write(question)
    reader.setPrompt(isHidden ? '' : question)
    reader.prompt()
    let over: ReturnType<typeof setTimeout> | undefined
    // What was pasted comes in parts, of which the shell would be given, and show and run, whatever is left.
    process.stdin.on('data', more)
    reader.on('line', (line) => {
      lines.push(line)
      more()
    })
    reader.on('SIGINT', giveUp)
    reader.on('close', () => {
      process.stdin.off('data', more)
      clearTimeout(over)
      if (lines.length === 0) giveUp()
      resolve(lines)
    })
    function more(): void {
      clearTimeout(over)
      if (lines.length > 0) over = setTimeout(() => reader.close(), pasteMs)
    }
  })
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}

function giveUp(): never {
  process.stderr.write('\n')
  process.exit(128 + constants.signals.SIGINT)
}
