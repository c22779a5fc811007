/** Storing many secrets, new ones many at once: what was done and what was not is said, however it ends. */
import { StrongroomError } from '../client/errors.ts'
import type { NewSecret } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { fail } from './failure.ts'
import { complain, countOf, Fault } from './output.ts'
import { progress } from './progress.ts'
import { confirm } from './prompt.ts'

/** As many new secrets as one request takes, */
const groupSize = 100
/** of so many bytes together: well below what a server takes, unless it is set to take next to nothing. */
const groupBytes = 256 * 1024

/** How a step is carried out. */
export interface Storing<Step> {
  readonly client: Strongroom
  readonly nameOf: (step: Step) => string
  /** The secret that it makes, if it makes one: others may be made with it. */
  readonly newOf: (step: Step) => NewSecret | undefined
  /** Changes what is there. */
  readonly change: (step: Step) => Promise<void>
}

/**
 * Stores one after the other, until one cannot be stored or somebody interrupts. New ones that follow each other are made
 * in groups, of which all or none is.
 *
 * @returns the names that were written
 * @throws Stopped, which `explaining` tells of
 */
export async function carryOut<Step>(
  work: readonly Step[],
  storing: Storing<Step>,
  { json }: { readonly json?: boolean },
): Promise<readonly string[]> {
  const { nameOf } = storing
  const written: string[] = []
  const bar = progress('secrets stored', work.length, !json)
  let isInterrupted = false
  const interrupt = () => {
    isInterrupted = true
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  let group: readonly Wanted<Step>[] = []
  let before = 0
  try {
    for (group of groupsOf(work, storing)) {
      if (isInterrupted) throw new Fault('failure', 'Interrupted.')
      before = written.length
      for await (const step of storeGroup(group, storing)) {
        written.push(nameOf(step))
        bar.at(written.length)
      }
    }
    bar.end()
    return written
  } catch (error) {
    bar.end()
    // Of a group that went together it is not known of any; of one by one, of the next.
    const isTogether = written.length === before
    throw new Stopped(error, work.map(nameOf), written, isTogether ? group.length : 1)
  } finally {
    process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt)
  }
}

/** A step, with the secret that it makes, if it makes one. */
interface Wanted<Step> {
  readonly step: Step
  readonly made: NewSecret | undefined
}

function* groupsOf<Step>(work: readonly Step[], { newOf }: Storing<Step>): Generator<readonly Wanted<Step>[]> {
  let group: Wanted<Step>[] = []
  let bytes = 0
  for (const step of work) {
    const made = newOf(step)
    const length = made === undefined ? Number.POSITIVE_INFINITY : Buffer.byteLength(JSON.stringify(made))
    if (group.length > 0 && (group.length === groupSize || bytes + length > groupBytes)) {
      yield group
      group = []
      bytes = 0
    }
    group.push({ step, made })
    bytes += length
  }
  if (group.length > 0) yield group
}

/** Gives each step once it is done. Of a group that is refused, each is tried by itself: it stops at the one at fault. */
async function* storeGroup<Step>(
  group: readonly Wanted<Step>[],
  { client, change }: Storing<Step>,
): AsyncGenerator<Step> {
  const all = group.flatMap(({ made }) => made ?? [])
  const isTogether = all.length > 1 && (await createTogether(client, all))
  for (const { step, made } of group) {
    if (made === undefined) await change(step)
    else if (!isTogether) await client.secrets.create(made)
    yield step
  }
}

/** @returns whether they are made; else nothing is */
async function createTogether(client: Strongroom, made: readonly NewSecret[]): Promise<boolean> {
  try {
    await client.secrets.createMany(made)
    return true
  } catch (error) {
    if (error instanceof StrongroomError && isRefusal(error)) return false
    throw error
  }
}

function isRefusal({ status = 0, mayHaveActed }: StrongroomError): boolean {
  return status >= 400 && status < 500 && !mayHaveActed
}

/** Has whoever typed the command say that it is to be done. @throws Fault `failure` */
export async function askToStore(work: readonly { readonly action: string }[]): Promise<void> {
  const fresh = work.filter(({ action }) => action === 'new').length
  const question = `Store ${countOf(fresh, 'new secret')}, and new versions of ${work.length - fresh}?`
  if (await confirm(question, 'Say --yes to go on without being asked, or --dry-run to look.')) return
  throw new Fault('failure', 'Nothing was stored.')
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
  /** Those that it is not known of. */
  readonly unknown: readonly string[]

  /** @param inGroup how many were to be stored when it stopped */
  constructor(why: unknown, names: readonly string[], written: readonly string[], inGroup: number) {
    super('The import stopped.')
    const left = names.slice(written.length)
    const mayHaveActed = why instanceof StrongroomError && why.mayHaveActed
    this.why = why
    this.written = written
    this.unknown = mayHaveActed ? left.slice(0, inGroup) : []
    this.left = left.slice(this.unknown.length)
  }
}

/** Says what was done and what was not. @returns the exit code of why it stopped */
function explain({ why, written, left, unknown }: Stopped): number {
  const code = fail(why)
  complain(`The import stopped. Stored: ${listed(written)}. Not stored: ${listed(left)}.`)
  if (unknown.length > 0) complain(`${unknown.join(', ')} may have been stored.`)
  complain('Run the same import again: what is stored already is found to be the same, and left alone.')
  return code
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}
