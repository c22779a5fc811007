/** Reads exports of 1Password: the data of a `.1pux` file, CSV, and items as `op item get --format json` prints them. */
import { faulty } from './entry.ts'
import { csvHead, readCsv } from './read-csv.ts'
import { Digits, isObject, type Json, type JsonObject, objectsOf, readJson, textIn, textOf } from './read-json.ts'
import { type Found, type LeftOut, nameFound, type Reading } from './reading.ts'

export function is1passwordCsv(text: string): boolean {
  const head = csvHead(text)
  return head[0] === 'Title' && head.includes('Password') && head.includes('OTPAuth')
}

/** An item has fields, each with a label; of a list of items without their values it is said what to do. */
export function is1passwordItem(json: Json): boolean {
  const items = Array.isArray(json) ? json : [json]
  return (
    items.length > 0 &&
    items.every((one) => isObject(one) && one.has('title') && one.has('category') && isObject(one.get('vault')))
  )
}

/** Several items, as `op` prints them one after the other, as an array. */
export function joinedItems(text: string): string {
  return /^\}\s*\n\{/m.test(text) ? `[${text.replaceAll(/^\}\s*\n\{/gm, '},{')}]` : text
}

export function read1password(text: string): Reading {
  if (is1passwordCsv(text)) return readRows(text)
  const json = readJson(joinedItems(text))
  if (!is1passwordItem(json)) throw faulty('Is no export of 1Password, nor what "op item get --format json" prints.')
  const leftOut: LeftOut[] = []
  const items = Array.isArray(json) ? json : [json]
  return nameFound(
    items.flatMap((one) => (isObject(one) ? fieldsOf(one, leftOut) : [])),
    leftOut,
  )
}

const columns = ['Url', 'Username', 'Password', 'OTPAuth', 'Notes'] as const

function readRows(text: string): Reading {
  const leftOut: LeftOut[] = []
  const found = readCsv(text).flatMap((row) => {
    const title = row.get('Title') || 'unnamed'
    if (row.get('Tags')) leftOut.push({ what: `the tags of ${title}`, why: 'add them with --tag' })
    return columns.flatMap((column) => {
      const value = row.get(column)
      return value ? [{ path: [title, fieldName(column)], value }] : []
    })
  })
  return nameFound(found, leftOut)
}

function fieldName(column: (typeof columns)[number]): string {
  return column === 'OTPAuth' ? 'one-time password' : column.toLowerCase()
}

/** As `op://vault/item/section/field` has them. */
function fieldsOf(item: JsonObject, leftOut: LeftOut[]): readonly Found[] {
  const path = [nameIn(item.get('vault'), 'name'), textIn(item, 'title')].filter((part) => part !== undefined)
  const fields = item.get('fields')
  if (!Array.isArray(fields)) {
    throw faulty(`"${path.join('/')}" has no fields: "op item list" leaves them out. Use "op item get --format json".`)
  }
  const found = fields.flatMap((field) => {
    const value = isObject(field) ? textOf(field.get('value')) : undefined
    if (!isObject(field) || value === undefined || value === '') return []
    const section = nameIn(field.get('section'), 'label')
    const label = textIn(field, 'label') || textIn(field, 'id') || 'field'
    return [{ path: [...path, ...(section ? [section] : []), label], value }]
  })
  leaveOutFiles(item.get('files'), path, leftOut)
  if (found.length === 0) leftOut.push({ what: path.join('/'), why: 'it has no values' })
  return found
}

function leaveOutFiles(files: Json | undefined, path: readonly string[], leftOut: LeftOut[]): void {
  if (!Array.isArray(files) || files.length === 0) return
  leftOut.push({
    what: `${files.length} files of ${path.join('/')}`,
    why: 'store them with "strongroom secrets set --file"',
  })
}

/** The data of all vaults, as it is in a `.1pux` file. */
export function read1puxData(text: string): Reading {
  const json = readJson(text)
  const leftOut: LeftOut[] = []
  const found = objectsIn(json, 'accounts').flatMap((account) =>
    objectsIn(account, 'vaults').flatMap((vault) =>
      objectsIn(vault, 'items').flatMap((item) => foundIn(item, nameIn(vault.get('attrs'), 'name'), leftOut)),
    ),
  )
  return nameFound(found, leftOut)
}

function foundIn(item: JsonObject, vault: string | undefined, leftOut: LeftOut[]): readonly Found[] {
  const overview = item.get('overview')
  const details = item.get('details')
  const path = [vault, nameIn(overview, 'title') || 'unnamed'].filter((part) => part !== undefined)
  const found: Found[] = []
  const take = (field: readonly string[], value: Json | undefined) => {
    const text = textOf(value)
    if (text !== undefined && text !== '') found.push({ path: [...path, ...field], value: text })
  }
  for (const field of objectsIn(details, 'loginFields')) {
    take(
      [textIn(field, 'designation') || textIn(field, 'name') || textIn(field, 'id') || 'field'],
      innerOf(field.get('value')),
    )
  }
  if (isObject(details)) take(['password'], details.get('password'))
  for (const section of objectsIn(details, 'sections')) {
    const title = textIn(section, 'title')
    for (const field of objectsIn(section, 'fields')) {
      const label = textIn(field, 'title') || textIn(field, 'id') || 'field'
      take([...(title ? [title] : []), label], innerOf(field.get('value')))
    }
  }
  if (isObject(overview)) take(['url'], overview.get('url'))
  if (isObject(details)) take(['notes'], details.get('notesPlain'))
  leaveOut(item, details, path, leftOut)
  if (found.length === 0) leftOut.push({ what: path.join('/'), why: 'it has no values' })
  return found
}

/** A value says its kind: `{ "concealed": "…" }`. What has several parts is kept as JSON. */
function innerOf(value: Json | undefined): Json | undefined {
  if (!isObject(value)) return value
  const [inner] = [...value.values()]
  if (!isObject(inner)) return inner
  return inner.get('email_address') ?? inner.get('privateKey') ?? JSON.stringify(plainOf(inner))
}

function plainOf(json: Json): unknown {
  if (json instanceof Digits) return Number(json.text)
  if (Array.isArray(json)) return json.map(plainOf)
  return isObject(json) ? Object.fromEntries([...json].map(([name, value]) => [name, plainOf(value)])) : json
}

function leaveOut(item: JsonObject, details: Json | undefined, path: readonly string[], leftOut: LeftOut[]): void {
  const name = path.join('/')
  const older = objectsIn(details, 'passwordHistory').length
  if (older > 0) leftOut.push({ what: `${older} older passwords of ${name}`, why: 'only current values are imported' })
  const hasFile = isObject(item.get('file')) || (isObject(details) && isObject(details.get('documentAttributes')))
  if (hasFile) leaveOutFiles([true], path, leftOut)
  const overview = item.get('overview')
  const tags = isObject(overview) ? overview.get('tags') : undefined
  if (Array.isArray(tags) && tags.length > 0) leftOut.push({ what: `the tags of ${name}`, why: 'add them with --tag' })
}

function objectsIn(json: Json | undefined, field: string): readonly JsonObject[] {
  return isObject(json) ? objectsOf(json.get(field)) : []
}

function nameIn(json: Json | undefined, field: string): string | undefined {
  return isObject(json) ? textIn(json, field) : undefined
}
