/** Reads what `infisical export` prints: JSON with the folder of each secret, or CSV. Its dotenv and YAML are as any other. */
import { cannotHold, faulty } from './entry.ts'
import { csvHead, readCsv } from './read-csv.ts'
import { readDotenv } from './read-dotenv.ts'
import { isObject, type Json, readJson } from './read-json.ts'
import { type Found, type LeftOut, nameFound, type Reading } from './reading.ts'

export function isInfisical(json: Json): boolean {
  return (
    Array.isArray(json) &&
    json.length > 0 &&
    json.every(
      (one) => isObject(one) && one.has('key') && one.has('value') && (one.has('workspace') || one.has('secretPath')),
    )
  )
}

export function isInfisicalCsv(text: string): boolean {
  return csvHead(text).join() === 'Key,Value'
}

export function readInfisical(text: string): Reading {
  if (isInfisicalCsv(text)) {
    return nameFound(
      readCsv(text).map((row) => ({ path: [row.get('Key') ?? ''], value: row.get('Value') ?? '' })),
      [],
    )
  }
  if (!/^\uFEFF?\s*\[/.test(text)) {
    return nameFound(
      readDotenv(text).map(({ name, value }) => ({ path: [name], value })),
      [],
    )
  }
  const json = readJson(text)
  if (!Array.isArray(json)) throw faulty('Is not what "infisical export" prints.')
  const leftOut: LeftOut[] = []
  return nameFound(
    json.map((one) => foundOf(one, leftOut)),
    leftOut,
  )
}

function foundOf(one: Json, leftOut: LeftOut[]): Found {
  const [key, value] = isObject(one) ? [one.get('key'), one.get('value')] : []
  if (!isObject(one) || typeof key !== 'string') throw faulty('Is not what "infisical export --format json" prints.')
  if (typeof value !== 'string') throw cannotHold(key, 'Has no value.', 'Leave it out.')
  const [folder, comment, tags] = [one.get('secretPath'), one.get('comment'), one.get('tags')]
  const folders = typeof folder === 'string' ? folder.split('/').filter((part) => part !== '') : []
  const path = [...folders, key]
  if (Array.isArray(tags) && tags.length > 0)
    leftOut.push({ what: `the tags of ${path.join('/')}`, why: 'add them with --tag' })
  return { path, value, note: typeof comment === 'string' ? comment : undefined }
}
