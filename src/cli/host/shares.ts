/** Shares of a root key from whoever types a command: at a terminal without being shown, else from standard input. */
import type { Progress, Shares } from '../../crypto/providers/shares.ts'
import { Refusal } from '../../errors.ts'
import { readStandardInput } from '../input.ts'
import { print, tell } from '../output.ts'
import { askHidden, isInteractive } from '../prompt.ts'

/**
 * Each share that is given: at a terminal until an empty line, from standard input one on each line.
 *
 * @param question asked at the terminal for the next one
 */
export async function* givenShares(question: () => string): AsyncGenerator<Buffer> {
  if (isInteractive()) {
    for (;;) {
      const text = Buffer.from(await askHidden(question(), ''))
      if (text.length === 0) return
      yield text
      text.fill(0)
    }
  }
  if (process.stdin.isTTY === true) return
  const input = await readStandardInput()
  try {
    for (let from = 0; from < input.length; ) {
      const end = input.indexOf(0x0a, from)
      const to = end === -1 ? input.length : end
      if (input.subarray(from, to).some((byte) => byte > 0x20)) yield input.subarray(from, to)
      from = to + 1
    }
  } finally {
    input.fill(0)
  }
}

/**
 * Asks until the root key is whole.
 *
 * @throws Refusal when there is nobody to ask, or it does not become whole
 */
export async function askForShares(shares: Shares): Promise<void> {
  const { threshold, count, set } = shares.progress
  if (isInteractive())
    tell(`${threshold} of ${count} shares of the set ${set} open the store. An empty line ends this.`)
  for await (const text of givenShares(() => `Share ${shares.progress.have + 1} of ${threshold}`)) {
    try {
      const { outcome, wrong } = shares.give(text, 'host')
      if (outcome === 'same') tell('That share is here already.')
      if (outcome === 'mismatch') tell(notFitting(shares.progress))
      if (wrong.length > 0) tell(wrongOnes(wrong))
      if (outcome === 'open') return
    } catch (error) {
      if (!(error instanceof Refusal) || !isInteractive()) throw error
      tell(error.message)
    }
  }
  const { have } = shares.progress
  throw new Refusal(
    'sealed',
    `${threshold} of ${count} shares of the set ${set} open the store, and ${have} came. Run this at a terminal, which asks for them, or give them on standard input, one on each line.`,
  )
}

export function notFitting({ have }: Pick<Progress, 'have'>): string {
  return `These ${have} shares do not fit together: at least one of them is wrong. With more right ones it shows which.`
}

export function wrongOnes(wrong: readonly number[]): string {
  const [what, is] = wrong.length === 1 ? ['Share number', 'is'] : ['The shares number', 'are']
  return `${what} ${wrong.join(', ')} ${is} wrong: the others opened without. Find out why.`
}

/**
 * The only time.
 *
 * @param before until when it is to be known that they are right
 */
export function printShares(
  { name, shown, shares }: { readonly name: string; readonly shown: string; readonly shares: readonly string[] },
  before: string,
): void {
  const set = name.replace(/^.*-/, '').slice(0, 8)
  print(
    `\nThe shares of ${shown} are shown now and never again: one for each person, on paper or in a password manager.`,
  )
  print(`"strongroom root-key check --shares" says whether they open the store: let that be done ${before}.`)
  for (const [at, share] of shares.entries()) print(`\nShare ${at + 1} of ${shares.length}, set ${set}\n  ${share}`)
}
