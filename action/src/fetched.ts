/** Finds and reads the wanted secrets, and settles under which name each is handed on. */
import { type Metadata, type Secrets, StrongroomError } from '../../src/client/index.ts'
import type { Pair } from './commands.ts'
import { Fault } from './fault.ts'
import type { Wanted } from './inputs.ts'
import { isDangerous, variableOf } from './variables.ts'

interface Found {
  readonly head: Metadata
  readonly variable: string
}

/** One string of an environment, with its name, on Linux: with a longer one no program starts. */
const maxVariableBytes = 131_071
const readAtOnce = 8

/**
 * Finds what is wanted and settles the names, before any value is read.
 *
 * @throws Fault if something is missing, or two secrets would get one name
 */
export async function find(
  secrets: Secrets,
  wanted: readonly Wanted[],
  isExported: boolean,
): Promise<readonly Found[]> {
  const byId = new Map<number, Found>()
  // A secret that a line names is as that line says, whatever pattern finds it too.
  const isPattern = ({ pattern }: Wanted) => pattern.includes('*')
  for (const one of [...wanted.filter((each) => !isPattern(each)), ...wanted.filter(isPattern)]) {
    let count = 0
    for await (const head of secrets.listMetadata({ name: one.pattern })) {
      count++
      const known = byId.get(head.id)
      if (known === undefined) byId.set(head.id, { head, variable: one.variable ?? variableFor(head) })
      else if (one.variable !== undefined && one.variable !== known.variable) {
        throw new Fault(`secrets: "${head.name}" is named twice, for ${known.variable} and ${one.variable}.`)
      }
    }
    if (count === 0) throw new Fault(`secrets: nothing is called "${one.pattern}", or nothing that the key may list.`)
  }
  const found = [...byId.values()]
  check(found, isExported)
  return found
}

/** @param take is given each value as soon as it is here, before anything else happens */
export async function read(
  secrets: Secrets,
  found: readonly Found[],
  isExported: boolean,
  take: (value: string | Buffer) => void,
): Promise<readonly Pair[]> {
  const pairs: Pair[] = []
  for (let start = 0; start < found.length; start += readAtOnce) {
    const some = found.slice(start, start + readAtOnce)
    const read = some.map((one) => readOne(secrets, one, take))
    // All of them, so that what arrived is hidden even if a neighbour failed.
    await Promise.allSettled(read)
    pairs.push(...(await Promise.all(read)))
  }
  const unfit = isExported ? pairs.find(isUnfit) : undefined
  if (unfit !== undefined) {
    throw new Fault(`export-env: the value for ${unfit.name} has a NUL in it, or is too long for an environment.`)
  }
  return pairs
}

async function readOne(
  secrets: Secrets,
  { head, variable }: Found,
  take: (value: string | Buffer) => void,
): Promise<Pair> {
  try {
    const { name, value } = await secrets.get(head.id)
    // A file comes in base64, and what is in it must not show either.
    take(head.type === 'file' ? Buffer.from(value, 'base64') : value)
    if (name !== head.name) throw new Fault(`"${head.name}" was renamed while it was read. Run this again.`)
    return { name: variable, value }
  } catch (error) {
    if (error instanceof StrongroomError) throw new Fault(`"${head.name}" could not be read: ${error.message}`)
    throw error
  }
}

function variableFor({ name }: Metadata): string {
  const variable = variableOf(name)
  if (variable !== undefined) return variable
  throw new Fault(`secrets: no variable can be called as "${name}" is. Say which, as in "${name} => A_NAME".`)
}

/** Outputs and, on some systems, variables differ by more than capitals. */
function check(found: readonly Found[], isExported: boolean): void {
  const names = new Map<string, string>()
  for (const { head, variable } of found) {
    const other = names.get(variable.toUpperCase())
    if (other !== undefined) throw new Fault(`secrets: "${other}" and "${head.name}" would both be ${variable}.`)
    names.set(variable.toUpperCase(), head.name)
    if (isExported && isDangerous(variable)) {
      throw new Fault(
        `export-env: ${variable} in the environment would change what later steps do. ` +
          `Give "${head.name}" another variable, or use the output.`,
      )
    }
  }
}

function isUnfit({ name, value }: Pair): boolean {
  return value.includes('\0') || Buffer.byteLength(value) + name.length + 2 > maxVariableBytes
}
