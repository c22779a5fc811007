/** Finds and reads the wanted secrets, and settles under which name each is handed on. */
import { type FieldFault, type SecretOfMany, type Secrets, StrongroomError } from '../../src/client/index.ts'
import type { Pair } from './commands.ts'
import { Fault } from './fault.ts'
import type { Wanted } from './inputs.ts'
import { isDangerous, variableOf } from './variables.ts'

interface Found {
  /** Of the secret. */
  readonly name: string
  readonly variable: string
}

/** One string of an environment, with its name, on Linux: with a longer one no program starts. */
const maxVariableBytes = 131_071
/** As many as one request may ask for. */
const readAtOnce = 1000

/**
 * Finds what is wanted and settles the names, before any value is read. What a line names is not looked for: reading it
 * shows whether it is there.
 *
 * @throws Fault if a pattern finds nothing, or two secrets would get one name
 */
export async function find(
  secrets: Secrets,
  wanted: readonly Wanted[],
  isExported: boolean,
): Promise<readonly Found[]> {
  const byName = new Map<string, Found>()
  const isPattern = ({ pattern }: Wanted) => pattern.includes('*')
  // A secret that a line names is as that line says, whatever pattern finds it too.
  for (const { pattern: name, variable } of wanted.filter((one) => !isPattern(one))) {
    const known = byName.get(name)
    if (known !== undefined && variable !== undefined && variable !== known.variable) {
      throw new Fault(`secrets: "${name}" is named twice, for ${known.variable} and ${variable}.`)
    }
    if (known === undefined) byName.set(name, { name, variable: variable ?? variableFor(name) })
  }
  for (const { pattern } of wanted.filter(isPattern)) {
    let count = 0
    for await (const { name } of secrets.list({ name: pattern })) {
      count++
      if (!byName.has(name)) byName.set(name, { name, variable: variableFor(name) })
    }
    if (count === 0) throw new Fault(`secrets: nothing is called "${pattern}", or nothing that the key may list.`)
  }
  const found = [...byName.values()]
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
    const values = await readSome(secrets, some)
    // All of them, so that what arrived is hidden whatever comes next. What is in a file must not show either.
    for (const { value, encoding } of values.values())
      take(encoding === 'base64' ? Buffer.from(value, 'base64') : value)
    for (const { name, variable } of some) {
      const one = values.get(name)
      if (one === undefined) {
        throw new Fault(`secrets: nothing is called "${name}", or nothing that the key may read.`)
      }
      pairs.push({ name: variable, value: one.value })
    }
  }
  const unfit = isExported ? pairs.find(isUnfit) : undefined
  if (unfit !== undefined) {
    throw new Fault(`export-env: the value for ${unfit.name} has a NUL in it, or is too long for an environment.`)
  }
  return pairs
}

/** With one request, unless the values are too long for one together. */
async function readSome(secrets: Secrets, some: readonly Found[]): Promise<ReadonlyMap<string, SecretOfMany>> {
  try {
    const { secrets: read, unresolved } = await secrets.getMany(some.map(({ name }) => name))
    const [broken] = unresolved
    if (broken !== undefined) throw new Fault(`"${broken.name}" could not be read: ${broken.detail}`)
    return new Map(read.map((one) => [one.name, one]))
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error
    if (error.code === 'too_large' && some.length > 1) {
      const half = Math.ceil(some.length / 2)
      const parts = [await readSome(secrets, some.slice(0, half)), await readSome(secrets, some.slice(half))]
      return new Map(parts.flatMap((part) => [...part]))
    }
    const [at = -1] = error.errors.flatMap(placeOf)
    const name = some[at]?.name
    if (name === undefined) throw error
    throw new Fault(`"${name}" could not be read: ${error.message}`)
  }
}

/** Which of the names a fault is of. */
function placeOf({ field }: FieldFault): readonly number[] {
  const [, at] = /^names\.(\d+)$/.exec(field) ?? []
  return at === undefined ? [] : [Number(at)]
}

function variableFor(name: string): string {
  const variable = variableOf(name)
  if (variable !== undefined) return variable
  throw new Fault(`secrets: no variable can be called as "${name}" is. Say which, as in "${name} => A_NAME".`)
}

/** Outputs and, on some systems, variables differ by more than capitals. */
function check(found: readonly Found[], isExported: boolean): void {
  const names = new Map<string, string>()
  for (const { name, variable } of found) {
    const other = names.get(variable.toUpperCase())
    if (other !== undefined) throw new Fault(`secrets: "${other}" and "${name}" would both be ${variable}.`)
    names.set(variable.toUpperCase(), name)
    if (isExported && isDangerous(variable)) {
      throw new Fault(
        `export-env: ${variable} in the environment would change what later steps do. ` +
          `Give "${name}" another variable, or use the output.`,
      )
    }
  }
}

function isUnfit({ name, value }: Pair): boolean {
  return value.includes('\0') || Buffer.byteLength(value) + name.length + 2 > maxVariableBytes
}
