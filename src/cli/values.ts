/** Reads values with one request: exact to the byte, files too, and with no more than the right to read them. */
import { NotFound, StrongroomError } from '../client/errors.ts'
import type { UnresolvedSecret } from '../client/model.ts'
import type { ReadOptions } from '../client/options.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { Fault } from './output.ts'

/** As many as one request may ask for. */
const most = 1000

export interface ReadingOptions extends ReadOptions {
  /** Told of each secret that has no value now: it is left out. Without it, nothing is read where there is one. */
  readonly onUnresolved?: (one: UnresolvedSecret) => void
}

/** Secrets that have no value now, each with what is wrong. */
export class Unresolved extends Fault {
  constructor(all: readonly UnresolvedSecret[]) {
    super('notFound', all.map(whyUnresolved).join('\n'))
  }
}

export function whyUnresolved({ name, code, detail }: UnresolvedSecret): string {
  return code === 'not_found' ? `${name} has no value: ${detail}` : `The template ${name} cannot be resolved: ${detail}`
}

/**
 * Reads the values of secrets by name, all of them, or none: in one request, as they are at one moment, unless they are more
 * than 1000. That needs `secrets:read` and nothing else.
 *
 * @throws Fault `notFound` naming what is not there; Unresolved; StrongroomError
 */
export async function readValues(
  client: Strongroom,
  names: readonly string[],
  { onUnresolved, ...options }: ReadingOptions = {},
): Promise<ReadonlyMap<string, Buffer>> {
  const values = new Map<string, Buffer>()
  for (let at = 0; at < names.length; at += most) {
    const { secrets, missing, unresolved } = await client.secrets.getMany(names.slice(at, at + most), options)
    const [absent] = missing
    if (absent !== undefined)
      throw new Fault('notFound', `No secret is called "${absent}", or none that this key may read.`)
    if (onUnresolved === undefined && unresolved.length > 0) throw new Unresolved(unresolved)
    if (onUnresolved !== undefined) for (const one of unresolved) onUnresolved(one)
    for (const { name, value, encoding } of secrets) values.set(name, bytesOf(value, encoding))
  }
  return values
}

function bytesOf(value: string, encoding: string): Buffer {
  return Buffer.from(value, encoding === 'base64' ? 'base64' : 'utf8')
}

/**
 * The same for a target, which holds these values from now on: a document that refers to each of them once is rendered for it.
 *
 * @throws Fault `notFound`; StrongroomError
 */
export async function readValuesFor(
  client: Strongroom,
  names: readonly string[],
  target: string,
): Promise<ReadonlyMap<string, Buffer>> {
  const lines = names.map((name) => `\${{secret.${name} | base64}}`)
  const template = [firstLine, ...lines].join('\n')
  const { rendered = '' } = await client
    .render({ template, target })
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
  const [first] = error.errors
  const [one] = names
  return new Fault('notFound', first?.detail ?? `No secret is called "${one}", or none that this key may read.`)
}
