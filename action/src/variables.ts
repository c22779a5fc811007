/** Names of outputs and of environment variables: made from names of secrets, and those that would be dangerous to set. */
import { isOfRunner, isSteering } from '../../src/formats/unsafe-variables.ts'

/** @returns `undefined` where the name begins with a digit, so that no variable can have it */
export function variableOf(secret: string): string | undefined {
  const name = secret.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')
  return isVariable(name) ? name : undefined
}

export function isVariable(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name)
}

/** Whether a value there could make later steps run something, find something else, or trust somebody else. */
export function isDangerous(name: string): boolean {
  return isOfRunner(name) || isSteering(name)
}
