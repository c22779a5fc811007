/** Many values at once, as they are carried in and out. */
import { isUtf8 } from 'node:buffer'
import { StrongroomError } from '../client/errors.ts'
import type { Metadata } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { isSecretName } from '../model/name.ts'
import { Fault } from './output.ts'
import { type ReadingOptions, readValues, Unresolved } from './values.ts'

/** As many as are surely not too long for one request, where they are of a common length. */
const groupSize = 100

/** So many names are asked for one by one; for more, the whole listing is read. */
const fewNames = 100

/** What is known of the secrets of these names, as far as they are there. Of a listing, no more than those is kept. */
export async function existingOf(client: Strongroom, names: ReadonlySet<string>): Promise<Map<string, Metadata>> {
  const found = new Map<string, Metadata>()
  const take = async (filter: { readonly name?: string }) => {
    for await (const secret of client.secrets.listMetadata(filter)) {
      if (names.has(secret.name)) found.set(secret.name, secret)
    }
  }
  if (names.size > fewNames) await take({})
  // What cannot be a name is none of a secret.
  else for (const name of names) if (isSecretName(name)) await take({ name })
  return found
}

/**
 * The values of secrets by name; those that were deleted meanwhile are not there.
 *
 * @param onProgress told how many were read
 */
export async function readMany(
  client: Strongroom,
  secrets: readonly Metadata[],
  onProgress: (done: number) => void,
  options: ReadingOptions = {},
): Promise<ReadonlyMap<string, Buffer>> {
  const values = new Map<string, Buffer>()
  for (let at = 0; at < secrets.length; at += groupSize) {
    const group = secrets.slice(at, at + groupSize)
    for (const [name, value] of await readGroup(client, group, options)) values.set(name, value)
    onProgress(Math.min(at + groupSize, secrets.length))
  }
  return values
}

async function readGroup(
  client: Strongroom,
  group: readonly Metadata[],
  options: ReadingOptions,
): Promise<Iterable<[string, Buffer]>> {
  try {
    const names = group.map(({ name }) => name)
    return await readValues(client, names, options)
  } catch (error) {
    const code = error instanceof StrongroomError ? error.code : undefined
    if (code !== 'too_large' && !isAbsence(error)) throw error
  }
  // Too long together, or one of them is gone.
  const values: [string, Buffer][] = []
  for (const secret of group) {
    const value = await readOne(client, secret, options)
    if (value !== undefined) values.push([secret.name, value])
  }
  return values
}

async function readOne(client: Strongroom, { name }: Metadata, options: ReadingOptions): Promise<Buffer | undefined> {
  try {
    return (await readValues(client, [name], options)).get(name)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

/** Of one that is gone, or may not be read; not of one that has no value now. */
function isAbsence(error: unknown): boolean {
  return error instanceof Fault && error.kind === 'notFound' && !(error instanceof Unresolved)
}

/** A text where it is one: whether it was stored as a file matters to nobody who reads it. */
export function carriedForm(value: Buffer): string | Buffer {
  return isUtf8(value) ? value.toString() : value
}
