/** Reads flat JSON and YAML, and what Vault, Doppler and AWS Secrets Manager print. */
import { isAlias, isMap, isNode, isScalar, LineCounter, parseAllDocuments } from 'yaml'
import { invalid } from '../errors.ts'
import { cannotHold, checkNames, type Entry, faulty } from './entry.ts'
import { isObject, type Json, type JsonObject, readObject, textOf } from './read-json.ts'

const flatHint = 'Values are texts, numbers, true or false; to keep more under one name, write it as a text.'

export function readFlatJson(text: string): readonly Entry[] {
  return entriesOf(readObject(text))
}

/** What `vault kv get -format=json` prints, of either version of the engine. */
export function readVault(text: string): readonly Entry[] {
  const data = readObject(text).get('data')
  if (!isObject(data)) throw faulty('Is not what "vault kv get -format=json" prints: it has no "data".')
  const inner = data.get('data')
  const isSecondVersion = isObject(data.get('metadata')) && data.size === 2
  if (!isSecondVersion) return entriesOf(data)
  if (isObject(inner)) return entriesOf(inner)
  throw faulty('Holds a version that was deleted in Vault.')
}

const dopplerOwn = new Set(['DOPPLER_PROJECT', 'DOPPLER_CONFIG', 'DOPPLER_ENVIRONMENT'])

/** What `doppler secrets download --format json` prints, or `doppler secrets --json`. Doppler's own three are left out. */
export function readDopplerJson(text: string): readonly Entry[] {
  const members = [...readObject(text)].map(([name, value]) => [name, isObject(value) ? computed(name, value) : value])
  return withoutDoppler(entriesOf(new Map(members as [string, Json][])))
}

export function withoutDoppler(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ name }) => !dopplerOwn.has(name))
}

function computed(name: string, value: JsonObject): Json {
  const found = value.get('computed')
  if (typeof found === 'string') return found
  throw cannotHold(name, 'Has no value that may be read in Doppler.', 'Leave it out, or change its visibility.')
}

/** What `aws secretsmanager get-secret-value` and `batch-get-secret-value` print. A secret of key-value pairs becomes one for each. */
export function readAws(text: string): readonly Entry[] {
  const object = readObject(text)
  const batch = object.get('SecretValues')
  const errors = object.get('Errors')
  if (Array.isArray(errors) && errors.length > 0)
    throw faulty(`AWS left out ${errors.length} secrets: see its "Errors".`)
  if (typeof object.get('NextToken') === 'string') throw faulty('Has only the first of them: AWS gave a "NextToken".')
  const secrets = Array.isArray(batch) ? batch : [object]
  return checkNames(secrets.flatMap((one) => awsEntries(one)))
}

function awsEntries(secret: Json): readonly Entry[] {
  const name = isObject(secret) ? secret.get('Name') : undefined
  if (!isObject(secret) || typeof name !== 'string')
    throw faulty('Is not what "aws secretsmanager get-secret-value" prints.')
  const [text, binary] = [secret.get('SecretString'), secret.get('SecretBinary')]
  if (typeof text === 'string') {
    const pairs = pairsOf(text)
    if (pairs === undefined) return [{ name: awsName(name), value: text }]
    return entriesOf(pairs).map(({ name: key, value }) => ({ name: `${awsName(name)}/${key}`, value }))
  }
  if (typeof binary !== 'string') throw faulty(`"${name}" has neither SecretString nor SecretBinary.`)
  return [{ name: awsName(name), value: bytesOf(name, binary) }]
}

/** Folders in AWS may begin with a slash. */
function awsName(name: string): string {
  return name.replace(/^\//, '')
}

/** A secret of key-value pairs, if every value is one that can stand alone; any other text is a value itself. */
function pairsOf(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const found = readObject(text)
    return found.size > 0 && [...found.values()].every((value) => textOf(value) !== undefined) ? found : undefined
  } catch {
    return undefined
  }
}

/** Every scalar is the text that it is written as: `1.10` stays so, and `yes` is no truth. */
export function readYaml(text: string): readonly Entry[] {
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(text, { ...asWritten, lineCounter })
  const [document] = documents
  if (document === undefined || documents.length > 1) throw faulty('Must hold one YAML document.')
  // Tags are looked at below.
  const fault = [...document.errors, ...document.warnings].find(({ code }) => code !== 'TAG_RESOLVE_FAILED')
  // Its message may quote the text.
  if (fault !== undefined) throw faulty(`Is not YAML (line ${lineCounter.linePos(fault.pos[0]).line}).`)
  const { contents } = document
  if (!isMap(contents)) throw faulty('Must hold a YAML mapping.')
  const aliases = new Aliases()
  return checkNames(contents.items.map(({ key, value }) => yamlEntry(key, value, aliases)))
}

const asWritten = {
  schema: 'failsafe',
  resolveKnownTags: false,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const

const stringTags: ReadonlySet<string | undefined> = new Set([undefined, '!', 'tag:yaml.org,2002:str'])

function yamlEntry(keyNode: unknown, valueNode: unknown, aliases: Aliases): Entry {
  const key = aliases.meant(keyNode)
  if (key === undefined) throw faulty(`Has a key that is ${noAnchor}`)
  if (!isScalar(key) || typeof key.value !== 'string') throw faulty('Has a key that is no text.')
  const name = key.value
  if (name === '<<' && key.type === 'PLAIN') {
    throw faulty('Has a merge key of YAML ("<<"), which is not read. Write out the names that it stands for.')
  }
  const value = aliases.meant(valueNode)
  if (value === undefined) throw invalid(name, `Is ${noAnchor}`)
  if (!isScalar(value)) throw cannotHold(name, 'Is no single value.', flatHint)
  const { tag, type, value: text } = value
  if (typeof text !== 'string' || (type === 'PLAIN' && tag === undefined && /^(~|null|Null|NULL|)$/.test(text))) {
    throw cannotHold(name, 'Has no value.', 'Write "" for an empty text.')
  }
  if (tag === 'tag:yaml.org,2002:binary') return { name, value: bytesOf(name, text) }
  if (!stringTags.has(tag)) throw cannotHold(name, 'Has a tag of YAML other than !!str and !!binary.', tagHint)
  return { name, value: text }
}

const noAnchor = 'an alias of an anchor that is not above it. Write its value out.'
const tagHint = 'Leave the tag out: values are read as they are written.'

/** Far more than files hold; a short file could otherwise stand for gigabytes. */
const mostAliased = 16 * 2 ** 20

/** Names and values that stand for one above. Within a value nothing is looked for: lists and mappings are not read. */
class Aliases {
  readonly #anchored = new Map<string, unknown>()
  #aliased = 0

  /** @returns what a node stands for, which is itself unless it is an alias; `undefined` for an alias of nothing */
  meant(node: unknown): unknown {
    if (!isAlias(node)) {
      if (isNode(node) && node.anchor !== undefined) this.#anchored.set(node.anchor, node)
      return node
    }
    const found = this.#anchored.get(node.source)
    if (isScalar(found)) this.#aliased += String(found.value).length
    if (this.#aliased > mostAliased) throw faulty('Has aliases that stand for more than 16 Mi characters together.')
    return found
  }
}

/** Lines may break it. @throws Refusal `invalid` for anything but base64, which would give other bytes */
function bytesOf(name: string, text: string): Uint8Array {
  const packed = text.replaceAll(/\s/g, '')
  // As browsers have it too, which knows no other way to write the same bytes.
  const binary = binaryOf(packed)
  if (binary !== undefined && btoa(binary) === packed) return Uint8Array.from(binary, (char) => char.charCodeAt(0))
  throw cannotHold(name, 'Is not base64.', 'Write it with its padding.')
}

function binaryOf(packed: string): string | undefined {
  try {
    return atob(packed)
  } catch {
    return undefined
  }
}

function entriesOf(object: JsonObject): readonly Entry[] {
  return [...object].map(([name, value]) => {
    const text = textOf(value)
    if (text === undefined) throw cannotHold(name, value === null ? 'Has no value.' : 'Is no single value.', flatHint)
    return { name, value: text }
  })
}
