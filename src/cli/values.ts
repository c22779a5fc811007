/** Reads values with one request: exact to the byte, files too, and with no more than the right to read them. */
import { NotFound, StrongroomError } from '../client/errors.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { Fault } from './output.ts'

/**
 * Reads the values of secrets by name, all of them as they are at one moment, or none. A document that refers to each
 * of them once is rendered: that needs `secrets:read` and nothing else, and tells whom a target's deployment is for.
 *
 * @param target what holds these values from now on
 * @throws Fault `notFound` naming what is not there; StrongroomError
 */
export async function readValues(
  client: Strongroom,
  names: readonly string[],
  target?: string,
): Promise<ReadonlyMap<string, Buffer>> {
  if (names.length === 0 && target === undefined) return new Map()
  const lines = names.map((name) => `\${{secret.${name} | base64}}`)
  const template = [firstLine, ...lines].join('\n')
  const { rendered = '' } = await client
    .render({ template, ...(target === undefined ? {} : { target }) })
    .catch((error) => Promise.reject(absenceIn(error, names)))
  const [first, ...values] = rendered.split('\n')
  if (first !== firstLine || values.length !== names.length) throw new Fault('failure', 'The server left values out.')
  return new Map(names.map((name, at) => [name, Buffer.from(values[at] ?? '', 'base64')]))
}

const firstLine = 'values'

/** In the words of whoever asked for secrets, and not for a document. */
function absenceIn(error: unknown, names: readonly string[]): unknown {
  if (error instanceof NotFound || !(error instanceof StrongroomError)) return error
  if (error.code !== 'unresolved_references') return error
  const which = names.length === 1 ? `No secret is called "${names[0]}"` : 'One of the secrets is not there any more'
  return new Fault('notFound', `${which}, or none that this key may read.`)
}
