/** `strongroom scan`: finds where stored values have leaked. Nothing that is searched leaves this computer. */
import { createSecretKey } from 'node:crypto'
import type { Unscannable } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import type { Keys } from '../fingerprint/fingerprint.ts'
import { Matcher } from '../fingerprint/matcher.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { complain, countOf, exitCodes, Fault, print, printJson, shown, tell } from './output.ts'
import { progress } from './progress.ts'
import { filesBelow, isIgnored, readPieces, type Walk } from './scan-files.ts'
import { commitOf, type GitObject, objectsOf, readObjects } from './scan-history.ts'
import { type Found, type Sought, StreamSearch } from './scan-stream.ts'

interface Options extends RemoteOptions {
  readonly history?: boolean
  readonly only?: string
  readonly ignore?: readonly string[]
}

interface Finding extends Found {
  readonly path: string
  /** With --history: the first commit that has it. */
  readonly commit?: string
}

interface Searched {
  readonly findings: Finding[]
  files: number
  bytes: number
  isWhole: boolean
}

/** What a search needs to know. */
interface Search {
  readonly matcher: Matcher<Sought>
  readonly ignored: readonly string[]
  /** What it has found so far. */
  readonly searched: Searched
  /** Whether to say how far it is. */
  readonly isTold: boolean
}

export async function scan(paths: readonly string[], options: Options): Promise<void> {
  const { history, only, json, ignore = [] } = options
  if (history && paths.length > 1) throw new Fault('usage', '--history takes one repository.')
  const client = await connect(options)
  const answer = await allFingerprints(client, only)
  const searched: Searched = { findings: [], files: 0, bytes: 0, isWhole: true }
  const search: Search = { matcher: answer.matcher, ignored: ignore, searched, isTold: !json }
  if (history) await searchHistory(paths[0] ?? '.', search)
  else await searchPaths(paths.length === 0 ? ['.'] : paths, search)
  if (json) printJson(reportOf(searched, answer.unscannable))
  else explain(searched, answer)
  const nothing = whyNothing(searched, answer, options)
  if (searched.findings.length > 0) process.exitCode = exitCodes.found
  else if (!searched.isWhole) process.exitCode = exitCodes.failure
  else if (nothing !== undefined) {
    complain(nothing)
    process.exitCode = exitCodes.notFound
  }
}

/** What is looked for. */
interface Looked {
  readonly matcher: Matcher<Sought>
  /** How many fingerprints, and of how many values. */
  readonly fingerprints: number
  readonly values: number
  readonly unscannable: readonly Unscannable[]
}

/** Part by part: a server makes no more at once than others can wait for. */
async function allFingerprints(client: Strongroom, only: string | undefined): Promise<Looked> {
  const sought: Sought[] = []
  const values = new Set<string>()
  const unscannable: Unscannable[] = []
  let keys: Keys | undefined
  for await (const part of client.fingerprintParts(only === undefined ? {} : { names: only }, { timeoutMs: 600_000 })) {
    const { base, mix, mac_key: key, fingerprints } = part
    keys ??= { base, mix, mac: createSecretKey(Buffer.from(key, 'hex')) }
    for (const one of fingerprints) {
      sought.push({ ...one, mac: Buffer.from(one.mac, 'hex') })
      values.add(`${one.id} ${one.version}`)
    }
    for (const one of part.unscannable) unscannable.push(one)
  }
  if (keys === undefined) throw new Fault('failure', 'The server gave no fingerprints.')
  const matcher = new Matcher(keys, sought)
  return { matcher, fingerprints: sought.length, values: values.size, unscannable }
}

/** What a search that found nothing did not even look for, or where it did not look: it is no proof that nothing leaked. */
function whyNothing({ files }: Searched, answer: Looked, { only }: Options): string | undefined {
  const { fingerprints, unscannable } = answer
  if (fingerprints + unscannable.length === 0) {
    return `There is no secret${only === undefined ? '' : ` called "${only}"`}, or none that this key may scan for.`
  }
  if (fingerprints === 0) return 'None of these values can be looked for.'
  return files === 0 ? 'There was nothing to search.' : undefined
}

/** How many files there are is not known: to look for them takes its time, and they need not all fit into memory. */
async function searchPaths(paths: readonly string[], search: Search): Promise<void> {
  const { searched, isTold } = search
  const bar = progress('files', undefined, isTold)
  const onPiece = () => bar.at(searched.files, `${megabytes(searched)} MB`)
  try {
    for (const path of paths) {
      if (path === '-') await searchStandardInput(search, onPiece)
      else searchFiles(path, search, onPiece)
    }
  } finally {
    bar.end()
  }
}

function searchFiles(path: string, { matcher, ignored, searched }: Search, onPiece: () => void): void {
  const onTrouble = () => {
    searched.isWhole = false
  }
  const walk: Walk = { ignored, onTrouble }
  for (const file of filesBelow(path, walk)) {
    const search = new StreamSearch(matcher)
    const take = (bytes: Buffer) => {
      search.push(bytes)
      searched.bytes += bytes.length
      onPiece()
    }
    readPieces(file, take, walk)
    searched.files++
    searched.findings.push(...search.end().map((found) => ({ path: file, ...found })))
  }
}

async function searchStandardInput({ matcher, searched }: Search, onPiece: () => void): Promise<void> {
  const search = new StreamSearch(matcher)
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk)
    search.push(bytes)
    searched.bytes += bytes.length
    onPiece()
  }
  searched.files++
  searched.findings.push(...search.end().map((found) => ({ path: '-', ...found })))
}

async function searchHistory(repository: string, { matcher, ignored, searched, isTold }: Search): Promise<void> {
  const objects = await objectsOf(repository, ignored.length === 0 ? undefined : (path) => isIgnored(path, ignored))
  const bar = progress('objects', objects.length, isTold)
  const onPiece = () => bar.at(searched.files, `${megabytes(searched)} MB`)
  const found: { readonly object: GitObject; readonly all: readonly Found[] }[] = []
  await readObjects(repository, objects, (object) => {
    const search = new StreamSearch(matcher)
    return {
      push: (bytes) => {
        searched.bytes += bytes.length
        search.push(bytes)
        onPiece()
      },
      end: () => {
        const all = search.end()
        if (all.length > 0) found.push({ object, all })
        searched.files++
        onPiece()
      },
    }
  }).finally(bar.end)
  for (const { object, all } of found) {
    const commit = object.path.startsWith('(message of ') ? object.id : await commitOf(repository, object)
    searched.findings.push(...all.map((one) => ({ commit, path: object.path, ...one })))
  }
}

function megabytes({ bytes }: Searched): string {
  return (bytes / 1e6).toFixed(1)
}

function explain(searched: Searched, { values, unscannable }: Looked): void {
  const { findings, files } = searched
  for (const finding of findings) print(lineOf(finding))
  const where = findings.length === 0 ? 'none was found' : `found in ${findings.length} places`
  tell(`${values} values were looked for in ${countOf(files, 'file')} (${megabytes(searched)} MB): ${where}.`)
  for (const [reason, names] of namesByReason(unscannable)) tell(`Not looked for, ${reason}: ${names.join(', ')}.`)
}

function lineOf({ commit, path, line, column, secret, versions, form }: Finding): string {
  const place = `${commit === undefined ? '' : `${commit.slice(0, 12)}:`}${shown(path)}:${line}:${column}`
  const how = form === 'raw' ? '' : ` (${forms[form] ?? form})`
  return `${place}: ${secret}, version ${versions.join(', ')}${how}`
}

const forms: Readonly<Record<string, string>> = {
  'line-ends': 'with other line ends',
  'one-line': 'one line of it',
  base64: 'in base64',
  json: 'escaped as in JSON',
  url: 'escaped as in URLs',
}

const reasons: Readonly<Record<string, string>> = {
  short: 'too short to be found without being guessed',
  guessable: 'as they could be guessed',
  tag: 'as they are tagged no-scan',
  unresolved: 'as they are templates that cannot be resolved',
}

function namesByReason(unscannable: readonly Unscannable[]): Iterable<readonly [string, readonly string[]]> {
  const groups = Map.groupBy(unscannable, ({ reason }) => reasons[reason] ?? reason)
  return [...groups].map(([reason, all]) => [reason, [...new Set(all.map(({ name }) => name))]] as const)
}

function reportOf({ findings, files, bytes }: Searched, unscannable: readonly Unscannable[]) {
  return { findings, unscannable, files, bytes }
}
