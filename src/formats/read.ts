/** Reads a file of secrets in any of the formats that can be imported, and guesses which it is. */
import { invalid } from '../errors.ts'
import { checkNames, type Entry } from './entry.ts'
import { type ImportFormat, importFormats } from './formats.ts'
import { readAws, readDopplerJson, readFlatJson, readVault, readYaml, withoutDoppler } from './read-data.ts'
import { readDotenv } from './read-dotenv.ts'
import { isObject, type JsonObject, readJson } from './read-json.ts'

/** @throws Refusal `invalid` naming the format */
export function importFormatOf(word: string): ImportFormat {
  const found = importFormats.find((format) => format === word)
  if (found === undefined) throw invalid('--format', `Must be one of ${importFormats.join(', ')}.`)
  return found
}

/**
 * Reads the names and values of a file.
 *
 * @throws Refusal `invalid` that names what is wrong, and shows nothing of a value
 */
export function readEntries(text: string, format: ImportFormat): readonly Entry[] {
  return checkNames(readers[format](text))
}

const readers: Record<ImportFormat, (text: string) => readonly Entry[]> = {
  dotenv: readDotenv,
  json: readFlatJson,
  yaml: readYaml,
  vault: readVault,
  doppler: (text) => (isBraced(text) ? readDopplerJson(text) : withoutDoppler(readDotenv(text, true))),
  aws: readAws,
}

/** By what it holds, and else by its name. */
export function guessFormat(path: string, text: string): ImportFormat {
  if (isBraced(text)) return formatOfObject(text)
  if (/^DOPPLER_CONFIG="/m.test(text) && /^DOPPLER_PROJECT="/m.test(text)) return 'doppler'
  if (/\.ya?ml$/i.test(path)) return 'yaml'
  if (/(^|[./\\])env(\.|$)|\.env$/i.test(path)) return 'dotenv'
  const [first = ''] = text.split('\n').filter((line) => /^\s*[^#\s]/.test(line))
  return /^\s*(export\s+)?[\w.-]+\s*=/.test(first) ? 'dotenv' : 'yaml'
}

function formatOfObject(text: string): ImportFormat {
  let object: JsonObject
  try {
    const found = readJson(text)
    if (!isObject(found)) return 'json'
    object = found
  } catch {
    // The reader of JSON says what is wrong.
    return 'json'
  }
  if (isObject(object.get('data')) && object.has('lease_id')) return 'vault'
  if (Array.isArray(object.get('SecretValues')) || (object.has('ARN') && object.has('VersionId'))) return 'aws'
  const isComputed = object.size > 0 && [...object.values()].every((one) => isObject(one) && one.has('computed'))
  return isComputed || (object.has('DOPPLER_CONFIG') && object.has('DOPPLER_PROJECT')) ? 'doppler' : 'json'
}

function isBraced(text: string): boolean {
  return /^\uFEFF?\s*\{/.test(text)
}
