/** Reads exports of Bitwarden: of its vault, and of its Secrets Manager. */
import { faulty } from './entry.ts'
import { isObject, type Json, type JsonObject, objectsOf, readJson, textIn, textOf } from './read-json.ts'
import { type Found, type LeftOut, nameFound, type Reading } from './reading.ts'

/** The unencrypted `.json` export: `{ encrypted, folders or collections, items }`. */
export function isBitwarden(json: Json): boolean {
  return isObject(json) && Array.isArray(json.get('items')) && json.has('encrypted')
}

/** `bws secret list`, or the export of Secrets Manager: `{ projects, secrets }`. */
export function isSecretsManager(json: Json): boolean {
  const secrets = isObject(json) ? json.get('secrets') : json
  if (isObject(json) && !Array.isArray(json.get('projects'))) return isSecret(json)
  return Array.isArray(secrets) && secrets.length > 0 && secrets.every(isSecret)
}

function isSecret(json: Json): boolean {
  return isObject(json) && json.has('key') && json.has('value') && (json.has('projectId') || json.has('projectIds'))
}

export function readBitwarden(text: string): Reading {
  const json = readJson(text)
  if (isSecretsManager(json)) return readSecretsManager(json)
  if (!isObject(json) || !isBitwarden(json)) {
    throw faulty('Is neither an export of Bitwarden (.json) nor what "bws secret list" prints.')
  }
  const folders = new Map([...objectsOf(json.get('folders')), ...objectsOf(json.get('collections'))].map(namedById))
  const leftOut: LeftOut[] = []
  const found = objectsOf(json.get('items')).flatMap((item) => foundIn(item, folders, leftOut))
  return nameFound(found, leftOut)
}

function foundIn(item: JsonObject, folders: ReadonlyMap<string, string>, leftOut: LeftOut[]): readonly Found[] {
  const folder = folders.get(textIn(item, 'folderId') ?? '') ?? folders.get(firstOf(item.get('collectionIds')) ?? '')
  const name = textIn(item, 'name') ?? 'unnamed'
  const path = [...(folder === undefined ? [] : [folder]), name]
  const found: Found[] = []
  const take = (field: string, value: Json | undefined) => {
    const text = textOf(value)
    if (text !== undefined && text !== '') found.push({ path: [...path, field], value: text })
  }
  for (const part of ['login', 'card', 'identity', 'sshKey', 'bankAccount', 'driversLicense', 'passport']) {
    for (const [field, value] of entriesIn(item.get(part))) if (!Array.isArray(value)) take(field, value)
  }
  const login = item.get('login')
  const uris = isObject(login) ? objectsOf(login.get('uris')) : []
  uris.forEach((one, at) => {
    take(at === 0 ? 'uri' : `uri-${at + 1}`, one.get('uri'))
  })
  take('notes', item.get('notes'))
  for (const field of objectsOf(item.get('fields'))) take(textIn(field, 'name') || 'field', field.get('value'))
  const of = (what: string, list: Json | undefined, why: string) => {
    if (Array.isArray(list) && list.length > 0)
      leftOut.push({ what: `${list.length} ${what} of ${path.join('/')}`, why })
  }
  of('older passwords', item.get('passwordHistory'), 'only current values are imported')
  of('passkeys', isObject(login) ? login.get('fido2Credentials') : undefined, 'a passkey cannot move')
  of('attachments', item.get('attachments'), 'the export does not hold them')
  if (found.length === 0) leftOut.push({ what: path.join('/'), why: 'it has no values' })
  return found
}

function readSecretsManager(json: Json): Reading {
  const projects = new Map((isObject(json) ? objectsOf(json.get('projects')) : []).map(namedById))
  const list = isObject(json) ? (json.get('secrets') ?? [json]) : json
  const found = objectsOf(list).map((secret) => {
    const project = projects.get(firstOf(secret.get('projectIds')) ?? '')
    const name = textIn(secret, 'key') ?? 'unnamed'
    const path = [...(project === undefined ? [] : [project]), name]
    const value = textIn(secret, 'value')
    if (value === undefined) throw faulty(`"${path.join('/')}" has no value.`)
    return { path, value, note: textIn(secret, 'note') }
  })
  return nameFound(found, [])
}

function namedById(one: JsonObject): readonly [string, string] {
  return [textIn(one, 'id') ?? '', textIn(one, 'name') ?? '']
}

function entriesIn(json: Json | undefined): readonly (readonly [string, Json])[] {
  return isObject(json) ? [...json] : []
}

function firstOf(json: Json | undefined): string | undefined {
  return Array.isArray(json) ? json.find((one) => typeof one === 'string') : undefined
}
