/** Storing many secrets, one after the other: what was done and what was not is said, however it ends. */
import { StrongroomError } from '../client/errors.ts'
import { fail } from './failure.ts'
import { complain, Fault } from './output.ts'
import { progress } from './progress.ts'

/**
 * Stores one after the other, until one cannot be stored or somebody interrupts.
 *
 * @returns the names that were written
 * @throws Stopped, which `explaining` tells of
 */
export async function carryOut<Step>(
  work: readonly Step[],
  nameOf: (step: Step) => string,
  store: (step: Step) => Promise<void>,
  { json }: { readonly json?: boolean },
): Promise<readonly string[]> {
  const written: string[] = []
  const bar = progress('secrets stored', work.length, !json)
  let isInterrupted = false
  const interrupt = () => {
    isInterrupted = true
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    for (const step of work) {
      if (isInterrupted) throw new Fault('failure', 'Interrupted.')
      await store(step)
      written.push(nameOf(step))
      bar.at(written.length)
    }
    bar.end()
    return written
  } catch (error) {
    bar.end()
    throw new Stopped(error, work.map(nameOf), written)
  } finally {
    process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt)
  }
}

/** Explains where an import stopped. */
export async function explaining(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
    process.exitCode = explain(error)
  }
}

/** Some were stored, and some were not. */
class Stopped extends Error {
  override readonly name = 'Stopped'
  readonly why: unknown
  readonly written: readonly string[]
  readonly left: readonly string[]
  /** The one that it is not known of. */
  readonly unknown: string | undefined

  constructor(why: unknown, names: readonly string[], written: readonly string[]) {
    super('The import stopped.')
    const left = names.slice(written.length)
    const mayHaveActed = why instanceof StrongroomError && why.mayHaveActed
    this.why = why
    this.written = written
    this.unknown = mayHaveActed ? left[0] : undefined
    this.left = mayHaveActed ? left.slice(1) : left
  }
}

/** Says what was done and what was not. @returns the exit code of why it stopped */
function explain({ why, written, left, unknown }: Stopped): number {
  const code = fail(why)
  complain(`The import stopped. Stored: ${listed(written)}. Not stored: ${listed(left)}.`)
  if (unknown !== undefined) complain(`${unknown} may have been stored.`)
  complain('Run the same import again: what is stored already is found to be the same, and left alone.')
  return code
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}
