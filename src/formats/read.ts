/** Reads a file of secrets in any of the formats that can be imported, and guesses which it is. */
import { invalid } from '../errors.ts'
import { checkNames, type Entry, faulty } from './entry.ts'
import { type ImportFormat, importFormats } from './formats.ts'
import { is1passwordCsv, is1passwordItem, joinedItems, read1password } from './read-1password.ts'
import { isBitwarden, isSecretsManager, readBitwarden } from './read-bitwarden.ts'
import { csvHead } from './read-csv.ts'
import { readAws, readDopplerJson, readFlatJson, readVault, readYaml, withoutDoppler } from './read-data.ts'
import { readDotenv } from './read-dotenv.ts'
import { isInfisical, isInfisicalCsv, readInfisical } from './read-infisical.ts'
import { isObject, type Json, readJson } from './read-json.ts'
import { nameFound, type Reading } from './reading.ts'

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
export function readImport(text: string, format: ImportFormat): Reading {
  return readers[format](text)
}

/** Its names and values alone. */
export function readEntries(text: string, format: ImportFormat): readonly Entry[] {
  return readers[format](text).entries
}

/** Names that are those of variables and secrets already: they stay as they are, and stand for one value each. */
function asTheyAre(entries: readonly Entry[]): Reading {
  return { entries: checkNames(entries), renamed: [], leftOut: [] }
}

const readers: Record<ImportFormat, (text: string) => Reading> = {
  dotenv: (text) => asTheyAre(readDotenv(checkedBws(text))),
  json: (text) => asTheyAre(readFlatJson(text)),
  yaml: (text) => asTheyAre(readYaml(text)),
  vault: (text) => asTheyAre(readVault(text)),
  doppler: (text) => asTheyAre(isBraced(text) ? readDopplerJson(text) : withoutDoppler(readDotenv(text, true))),
  infisical: readInfisical,
  bitwarden: readBitwarden,
  '1password': read1password,
  aws: (text) => {
    const found = readAws(text).map(({ name, value }) => ({ path: [name], value }))
    return nameFound(found, [])
  },
}

/** What it prints as variables lacks those whose names are none. */
function checkedBws(text: string): string {
  if (!/^# one or more secrets have been commented-out due to a problematic key name/m.test(text)) return text
  throw faulty('Is what "bws" prints as variables, and lacks some. Use "bws secret list --output json".')
}

/** By what it holds, and else by its name. */
export function guessFormat(path: string, text: string): ImportFormat {
  if (isBraced(text) || /^\uFEFF?\s*\[\s*\{/.test(text)) return formatOfJson(text)
  if (/^DOPPLER_CONFIG="/m.test(text) && /^DOPPLER_PROJECT="/m.test(text)) return 'doppler'
  if (is1passwordCsv(text)) return '1password'
  if (isInfisicalCsv(text)) return 'infisical'
  if (csvHead(text).includes('login_password')) {
    throw faulty('Is CSV of Bitwarden, which lacks a part of what is stored there. Export it again as ".json".')
  }
  if (/\.ya?ml$/i.test(path)) return 'yaml'
  if (/(^|[./\\])env(\.|$)|\.env$/i.test(path)) return 'dotenv'
  const [first = ''] = text.split('\n').filter((line) => /^\s*[^#\s]/.test(line))
  return /^\s*(export\s+)?[\w.-]+\s*=/.test(first) ? 'dotenv' : 'yaml'
}

const known: readonly (readonly [ImportFormat, (json: Json) => boolean])[] = [
  ['bitwarden', (json) => isBitwarden(json) || isSecretsManager(json)],
  ['1password', is1passwordItem],
  ['infisical', isInfisical],
  ['vault', (json) => isObject(json) && isObject(json.get('data')) && json.has('lease_id')],
  [
    'aws',
    (json) => isObject(json) && (Array.isArray(json.get('SecretValues')) || (json.has('ARN') && json.has('VersionId'))),
  ],
  ['doppler', isDoppler],
]

function formatOfJson(text: string): ImportFormat {
  try {
    const json = readJson(joinedItems(text))
    return known.find(([, is]) => is(json))?.[0] ?? 'json'
  } catch {
    // The reader of JSON says what is wrong.
    return 'json'
  }
}

function isDoppler(json: Json): boolean {
  if (!isObject(json)) return false
  const isComputed = json.size > 0 && [...json.values()].every((one) => isObject(one) && one.has('computed'))
  return isComputed || (json.has('DOPPLER_CONFIG') && json.has('DOPPLER_PROJECT'))
}

function isBraced(text: string): boolean {
  return /^\uFEFF?\s*\{/.test(text)
}
