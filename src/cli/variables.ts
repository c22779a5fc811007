/** Secrets as environment variables: what they are called there, and which may not be there. */
import { envName } from '../formats/env-name.ts'
import { isSteering } from '../formats/unsafe-variables.ts'
import { isSecretName } from '../model/name.ts'
import { Fault } from './output.ts'

/** What variables are called. */
export interface Naming {
  /** What all names of variables begin with. */
  readonly prefix: string
  /** What is left out of the beginning of a secret's name. */
  readonly stripPrefix: string
  /** Variables of their own, by the name of the secret; no prefix is put before them. */
  readonly variables: ReadonlyMap<string, string>
}

/** Whether names of secrets can begin so, such as `web-` and `web/`. */
export function isBeginning(text: string): boolean {
  return isSecretName(text.replace(/\/$/, ''))
}

/** @throws Fault `usage` for a prefix that no variable can have */
export function checkedPrefix(prefix: string): string {
  if (/^([A-Za-z_][A-Za-z0-9_]*)?$/.test(prefix)) return prefix
  throw new Fault('usage', '--prefix must have letters, digits and "_", and begin with no digit.')
}

/**
 * The variable of each secret.
 *
 * @param there the names of variables that are there already; none if they may be replaced
 * @throws Fault `conflict` naming both sides of a clash
 */
export function variablesOf(
  names: readonly string[],
  naming: Naming,
  there: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const name of names) {
    const variable = variableOf(name, naming)
    const other = found.get(variable)
    if (other !== undefined) {
      throw new Fault(
        'conflict',
        `"${other}" and "${name}" would both be ${variable}. Choose with --only, or rename one.`,
      )
    }
    if (isSteering(variable)) {
      const text = `"${name}" would be ${variable}, which decides what programs do.`
      throw new Fault('conflict', `${text} Say --prefix, or leave it out with --only.`)
    }
    if (there.has(variable)) {
      const text = `"${name}" would be ${variable}, which the environment has already.`
      throw new Fault('conflict', `${text} Say --override to replace it, or --prefix.`)
    }
    found.set(variable, name)
  }
  return found
}

function variableOf(name: string, { prefix, stripPrefix, variables }: Naming): string {
  const own = variables.get(name)
  if (own !== undefined) return own
  const rest = name.startsWith(stripPrefix) ? name.slice(stripPrefix.length) : name
  if (rest !== '') return envName(rest, prefix)
  throw new Fault('conflict', `Nothing would be left of "${name}" without ${stripPrefix}. Choose with --only.`)
}

/** @throws Fault `failure` for a value that no environment can hold */
export function checkedValue(name: string, value: Buffer): string {
  const text = value.toString()
  if (value.includes(0)) throw new Fault('failure', `"${name}" has a NUL byte, which no environment can hold.`)
  return text
}
