/** Questions to a person, on standard error so that answers of commands stay apart, and only on a terminal. */
import { constants } from 'node:os'
import { Fault } from './output.ts'

/** Whether there is a person to ask. */
export function isInteractive(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/**
 * Asks for what nobody may read over a shoulder.
 *
 * @param otherwise what to do without a terminal
 * @throws Fault `usage` where there is none
 */
export async function askHidden(question: string, otherwise: string): Promise<string> {
  const { password, isCancel } = await load(otherwise)
  const answer = await password({ message: question, ...streams })
  return isCancel(answer) ? giveUp() : answer
}

/** Asks for a line of text. */
export async function askText(question: string, otherwise: string, initialValue = ''): Promise<string> {
  const { text, isCancel } = await load(otherwise)
  const answer = await text({ message: question, initialValue, ...streams })
  return isCancel(answer) ? giveUp() : answer
}

/** Asks yes or no; no is what a mere Enter means. */
export async function confirm(question: string, otherwise: string): Promise<boolean> {
  const { confirm: ask, isCancel } = await load(otherwise)
  const answer = await ask({ message: question, initialValue: false, ...streams })
  return isCancel(answer) ? giveUp() : answer
}

const streams = { input: process.stdin, output: process.stderr, withGuide: false }

async function load(otherwise: string): Promise<typeof import('@clack/prompts')> {
  if (!isInteractive()) throw new Fault('usage', `There is no terminal to ask on. ${otherwise}`)
  return import('@clack/prompts')
}

/** Ctrl-C ends the command as it would end any other. */
function giveUp(): never {
  process.exit(128 + constants.signals.SIGINT)
}
