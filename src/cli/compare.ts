/** `strongroom env compare` and `env copy`: what environments have in common, and what goes from one into another. */
import type { ComparedName, CopiedSecret } from '../client/model.ts'
import { connectToAccount } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { Fault, print, printJson, printTable, tell } from './output.ts'
import { confirm } from './prompt.ts'

interface CompareOptions extends RemoteOptions {
  readonly only?: string
  readonly all?: boolean
}

/** Without a value: those that are the same have the same letter. */
export async function compare(named: readonly string[], options: CompareOptions): Promise<void> {
  if (named.length === 1) throw new Fault('usage', 'Name two environments or more, or none for all.')
  const client = await connectToAccount(options)
  const { only, all, json } = options
  const environments = named.length > 0 ? named : (await client.environments.list()).map(({ name }) => name)
  const found = await Array.fromAsync(
    client.environments.compare(environments, only === undefined ? {} : { name: only }),
  )
  const shown = all ? found : found.filter(({ state }) => state !== 'same')
  if (json)
    return printJson({ environments, secrets: shown, same: found.filter(({ state }) => state === 'same').length })
  if (shown.length > 0) {
    printTable(
      ['NAME', '', ...environments],
      shown.map((row) => [row.name, { text: row.state, style: styles[row.state] }, ...environments.map(cellOf(row))]),
    )
  }
  tell(summaryOf(found, shown.length))
}

const styles = { same: 'dim', different: 'yellow', missing: 'red', unknown: 'dim' } as const

/** Such as `A v3`; `-` where there is none, `?` where the value may not be compared. */
function cellOf(row: ComparedName) {
  return (environment: string): string => {
    const held = row.in.find((one) => one.environment === environment)
    if (held === undefined) return '-'
    const letter = held.group === null ? '?' : letterOf(held.group)
    return `${letter} v${held.version}`
  }
}

function letterOf(group: number): string {
  return group <= 26 ? String.fromCharCode(64 + group) : String(group)
}

function summaryOf(found: readonly ComparedName[], shown: number): string {
  const of = (state: string) => found.filter((one) => one.state === state).length
  const counts = `${of('same')} the same, ${of('different')} different, ${of('missing')} missing`
  const unknown = of('unknown') === 0 ? '' : `, ${of('unknown')} unknown`
  const hidden = found.length > shown ? '; --all shows those that are the same' : ''
  return `${counts}${unknown}${hidden}. Equal letters are equal values.`
}

interface CopyOptions extends RemoteOptions {
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** Shows what it would do, and does it once somebody says so: all of it or nothing. */
export async function copy(from: string, to: string, names: readonly string[], options: CopyOptions): Promise<void> {
  if ((names.length === 0) === (options.all !== true)) {
    throw new Fault('usage', 'Name the secrets to copy, by names or patterns, or say --all.')
  }
  const { environments } = await connectToAccount(options)
  const wanted = { from, to, names: options.all ? ['*'] : [...names] }
  const preview = await environments.copy({ ...wanted, dry_run: true })
  const { json, dryRun, yes } = options
  const work = preview.filter(({ state }) => state !== 'same')
  const refused = work.filter(({ state }) => state === 'refused')
  if (!json) show(preview)
  if (refused.length > 0) {
    if (json) printJson({ from, to, dry_run: true, secrets: preview })
    throw new Fault('conflict', `Nothing was copied: ${refused.length} of them cannot be.`)
  }
  if (dryRun || work.length === 0) {
    if (json) return printJson({ from, to, dry_run: true, secrets: preview })
    return tell(
      work.length === 0 ? `Everything is the same in ${to} already.` : 'Nothing was copied: this was a dry run.',
    )
  }
  if (!yes && !(await confirm(questionOf(work, to), 'Say --yes to go on without being asked, or --dry-run to look.'))) {
    throw new Fault('failure', 'Nothing was copied.')
  }
  const done = await environments.copy(wanted)
  if (json) return printJson({ from, to, dry_run: false, secrets: done })
  print(`Copied ${countOf(done.filter(({ state }) => state !== 'same').length)} from ${from} to ${to}.`)
}

const copyStyles = { created: 'green', replaced: 'yellow', same: 'dim', refused: 'red' } as const

function show(preview: readonly CopiedSecret[]): void {
  printTable(
    ['NAME', '', ''],
    preview.map(({ name, state, why }) => [name, { text: state, style: copyStyles[state] }, why ?? '']),
  )
}

function questionOf(work: readonly CopiedSecret[], to: string): string {
  const replaced = work.filter(({ state }) => state === 'replaced').length
  const fresh = work.length - replaced
  return `Create ${fresh} and replace ${replaced} in ${to}?`
}

function countOf(count: number): string {
  return `${count} ${count === 1 ? 'secret' : 'secrets'}`
}
