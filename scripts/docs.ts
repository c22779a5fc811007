/**
 * `npm run docs`: writes the tables of the documents from the source. `npm run docs -- --check` writes nothing, and
 * names what is stale and every link, anchor or file that does not exist.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Command } from 'commander'
import { actions } from '../src/audit/record.ts'
import { programOf } from '../src/commands.ts'
import type { Code } from '../src/errors.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { statusOf } from '../src/http/problem.ts'
import { type Right, rights } from '../src/model/scope.ts'
import { settings } from '../src/settings.ts'
import { uncovered, unsealedTables, whenMissing } from '../src/store/coverage.ts'
import { anchorOf } from './docs-slug.ts'

const root = join(import.meta.dirname, '..')

/** For the caller: what happened, and what to do. A code without a text does not compile. */
const codeTexts: Record<Code, string> = {
  invalid: 'The request is malformed; `errors` names each faulty field.',
  unauthenticated: 'No API key, or one that is unknown, expired, revoked or used from outside its networks.',
  invalid_credentials: 'The address, the password, the code or the passkey of a user is wrong.',
  second_factor_required: 'The password is right, and a code or a passkey is needed too.',
  enrolment_required: 'A user who is signed in must set up a second factor before anything else.',
  sso_required: 'The account signs in through its identity provider.',
  confirmation_required: 'A user who is signed in must prove who they are again: `POST /v3/session/confirm`.',
  cross_site_request: 'A request with a session does not come from the portal.',
  last_owner: 'The account would be left without an owner.',
  place_gone:
    'What was deleted has no place to come back to: its list, or the base of an environment, is gone. The answer says what to do.',
  not_empty: 'The environment still has something in it, or others inherit from it; `errors` names what.',
  weak_password: 'The password is too short, easy to guess, or among those that have leaked.',
  forbidden: 'The API key lacks the scope, or would hand on more than it has.',
  not_found: 'No such object in this account, or none that this key may know of.',
  method_not_allowed: 'The path does not take this method; `Allow` lists those it takes.',
  not_acceptable: '`Accept` excludes JSON.',
  request_timeout: 'The request did not arrive in time. Send it again.',
  name_taken: 'The name exists already.',
  stale_version: '`If-Match` names another version, or another state of the metadata. Read again, then repeat.',
  too_large: 'The body or the value is too long.',
  uri_too_long: 'The URL is longer than 8192 characters.',
  unsupported_media_type: 'The body is not `application/json` in UTF-8, or is compressed.',
  expectation_failed: '`Expect` is something other than `100-continue`.',
  idempotency_mismatch: 'The `Idempotency-Key` was used for another request. Use a new one.',
  unresolved_references:
    'A template names secrets that do not exist or that this key may not read; `errors` says where.',
  unsafe_rendering: 'A value would break the document or change what else it says; `errors` says where.',
  rate_limited: 'Too many requests from this key or address. Wait as long as `Retry-After` says.',
  headers_too_large: 'More than 100 headers, or more than 16 KiB of them.',
  integrity_failure: 'Stored data failed its integrity check and was not used. Tell the operator at once.',
  internal: 'A fault of the server. The log has the `request_id`.',
  audit_unavailable: 'The request could not be recorded, so it was not carried out. Try again.',
  outcome_unknown: 'It may have been carried out. Repeat with the same `Idempotency-Key`, or read to find out.',
  overloaded: 'More waits than can be answered in time; nothing was done. Try again.',
  storage_full: 'The disk is full; nothing was done.',
  sealed:
    'The server has no root key yet: none of those in its settings can be used now, or people have its shares (the message says how many are there). It did nothing, and opens by itself when it has one.',
  account_key_unavailable:
    'The account keeps its key with a provider of its own, which does not open it now: its values are not available until it does. [More](customer-keys.md).',
  key_exhausted: 'A key has wrapped as many others as it may. The operator has to replace it; reads go on.',
}

const rightTexts: Record<Right, string> = {
  'secrets:list': 'see names and times of secrets',
  'secrets:read': 'read values',
  'secrets:scan': 'take fingerprints of values, to find where they have leaked; part of `secrets:read`',
  'secrets:write': 'create and update secrets',
  'secrets:delete': 'delete secrets',
  'keys:manage': 'list, create, rotate and revoke API keys within its own rights',
  'audit:read': 'read the audit trail',
  'account:manage':
    'manage users and how they sign in, machines and settings, replace the key of the account, see the seeds of all, and [which secrets are decoys](canaries.md)',
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}

/** What each marker `<!-- generated: NAME -->` stands for. */
const generators: Record<string, () => string | Promise<string>> = {
  settings: () =>
    table(
      ['Setting', 'Default', 'Meaning'],
      settings.map(({ name, default: usual, meaning }) => [`\`${name}\``, usual || 'none', meaning]),
    ),
  errors: () =>
    table(
      ['Code', 'Status', 'Meaning'],
      Object.entries(statusOf).map(([code, status]) => [`\`${code}\``, String(status), codeTexts[code as Code]]),
    ),
  scopes: () =>
    table(
      ['Scope', 'Lets its bearer'],
      rights.map((right) => [`\`${right}\``, rightTexts[right]]),
    ),
  uncovered: () =>
    table(
      ['Table', 'Without cover', 'Because'],
      [
        ...uncovered().map(({ table: name, field, because }) => [`\`${name}\``, `\`${field}\``, because]),
        ...Object.entries(unsealedTables).map(([name, because]) => [`\`${name}\``, 'all columns', because]),
      ],
    ),
  missing: () =>
    table(
      ['Table', 'Without its row'],
      Object.entries(whenMissing).map(([name, what]) => [`\`${name}\``, what]),
    ),
  actions: () => `${actions.map((action) => `\`${action}\``).join(', ')}.`,
  metrics: () =>
    table(
      ['Metric', 'Type', 'Labels', 'Meaning'],
      createMetrics()
        .registry.getMetricsAsArray()
        .filter(({ name }) => name.startsWith('strongroom_'))
        .map((metric) => [`\`${metric.name}\``, String(metric.type), labelsOf(metric), metric.help]),
    ),
  commands: async () => helpOf(await programOf()).join('\n\n'),
}

function labelsOf(metric: object): string {
  const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames : []
  return labels.map((label) => `\`${label}\``).join(', ')
}

/** The help of a command and of everything below it, as the command itself prints it. */
function helpOf(command: Command, above: readonly string[] = []): string[] {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  const words = [...above, command.name()]
  const below = command.commands.flatMap((one) => helpOf(one, words))
  return [`### ${words.join(' ')}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\``, ...below]
}

export interface Document {
  /** Below the root of the repository. */
  readonly path: string
  readonly text: string
}

export function documents(): readonly Document[] {
  const paths = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort()
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** The text with every generated part as the source has it now. */
export async function regenerate({ path, text }: Document): Promise<string> {
  const marked = /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g
  const names = new Set([...text.matchAll(marked)].map(([, , name = '']) => name))
  const parts = new Map<string, string>()
  for (const name of names) {
    const generate = generators[name]
    if (generate === undefined) throw new Error(`${path}: nothing generates "${name}".`)
    parts.set(name, await generate())
  }
  return text.replaceAll(
    marked,
    (_, start: string, name: string, end: string) => `${start}\n${parts.get(name)}\n\n${end}`,
  )
}

/** The anchors that GitHub gives the headings of a text. */
function anchorsOf(text: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [, heading = ''] of withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)) anchorOf(heading, found)
  return found
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '')
}

/** Links to files and headings, and files named in the text, that do not exist. */
export function brokenLinks({ path, text }: Document): readonly string[] {
  const prose = withoutCode(text)
  const links = [...prose.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  const broken = links.filter((target) => !/^https?:/.test(target) && !reaches(path, text, target))
  const named = [...prose.matchAll(/`([\w.-]+\/[\w./-]*)`/g)].map(([, file = '']) => file)
  const missing = named.filter((file) => isOurs(file) && !isThere(file))
  return [...broken, ...missing].map((target) => `${path}: ${target} does not exist`)
}

/** Where the names of files in the documents may begin. */
const beginnings = ['', 'src', 'src/http', 'src/store', 'portal', 'portal/src', 'test', 'action']

/** Whether it is the name of a file or folder of the project, and not a path of somebody's secret or machine. */
function isOurs(file: string): boolean {
  const first = file.split('/')[0] ?? ''
  if (/^(src|test|scripts|docs|bench|bin)$/.test(first)) return true
  return (
    /\.(ts|tsx)$/.test(file) ||
    (file.endsWith('/') && /^[\w-]+\/[\w-]+/.test(file) && existsSync(join(root, 'src', first)))
  )
}

function isThere(file: string): boolean {
  return beginnings.some((beginning) => existsSync(join(root, beginning, file)))
}

function reaches(path: string, text: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  if (file === '') return anchorsOf(text).has(anchor ?? '')
  const target = join(root, posix.dirname(path), file)
  if (!existsSync(target)) return false
  return anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).has(anchor)
}

async function main(isCheck: boolean): Promise<void> {
  for (const document of documents()) {
    const text = await regenerate(document)
    const faults = brokenLinks({ ...document, text })
    if (text !== document.text) {
      if (isCheck) faults.concat(`${document.path}: is stale; run "npm run docs"`).forEach(complain)
      else writeFileSync(join(root, document.path), text)
    }
    if (text === document.text || !isCheck) faults.forEach(complain)
  }
}

function complain(fault: string): void {
  console.error(fault)
  process.exitCode = 1
}

if (import.meta.main) await main(process.argv.includes('--check'))
