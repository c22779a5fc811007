/** `strongroom env compare` and `env copy`: what environments have in common, and what goes from one into another. */
import { Forbidden } from '../client/errors.ts'
import type { ComparedName, CopiedSecret } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { connectToAccount } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { countOf, Fault, print, printJson, printTable, tell } from './output.ts'
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
  if (environments.length < 2) {
    throw new Fault(
      'usage',
      'There is one environment that this key may see. Create another: strongroom env create prod',
    )
  }
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

const styles = { same: 'dim', different: 'yellow', missing: 'red', inherited: 'dim', unknown: 'dim' } as const

/** Such as `A v3`; `-` where there is none, `inherited` where a base has one, `?` where the value may not be compared. */
function cellOf(row: ComparedName) {
  return (environment: string): string => {
    const held = row.in.find((one) => one.environment === environment)
    if (held === undefined) return row.inherited.includes(environment) ? 'inherited' : '-'
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
  const more = (['inherited', 'unknown'] as const).filter((state) => of(state) > 0)
  const rest = more.map((state) => `, ${of(state)} ${state}`).join('')
  const hidden = found.length > shown ? '; --all shows those that are the same' : ''
  return `${counts}${rest}${hidden}. Equal letters are equal values.`
}

interface CopyOptions extends RemoteOptions {
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** As many as one transaction takes. */
const partSize = 100

/** Shows what it would do, and does it once somebody says so: all of it or nothing, or of more than 100 one part after the other. */
export async function copy(from: string, to: string, names: readonly string[], options: CopyOptions): Promise<void> {
  if ((names.length === 0) === (options.all !== true)) {
    throw new Fault('usage', 'Name the secrets to copy, by names or patterns, or say --all.')
  }
  const client = await connectToAccount(options)
  const parts = await partsOf(client, from, options.all ? ['*'] : names)
  const previews: (readonly CopiedSecret[])[] = []
  for (const part of parts) previews.push(await client.environments.copy({ from, to, names: [...part], dry_run: true }))
  const preview = previews.flat()
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
  if (parts.length > 1) {
    tell(
      `They are copied in ${parts.length} parts, each in a transaction of its own: if one fails, what was copied before it stays.`,
    )
  }
  if (!yes && !(await confirm(questionOf(work, to), 'Say --yes to go on without being asked, or --dry-run to look.'))) {
    throw new Fault('failure', 'Nothing was copied.')
  }
  const changing = parts.filter((_, at) => previews[at]?.some(({ state }) => state !== 'same'))
  const done = await copyParts(client, from, to, changing)
  const untouched = preview.filter(({ name }) => !done.some((one) => one.name === name))
  if (json) return printJson({ from, to, dry_run: false, parts: changing.length, secrets: [...done, ...untouched] })
  print(`Copied ${countOf(done.filter(({ state }) => state !== 'same').length, 'secret')} from ${from} to ${to}.`)
}

/** Names and patterns as they are, or of more than one transaction takes the names in parts. */
async function partsOf(
  { secrets }: Strongroom,
  from: string,
  wanted: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const names = new Set<string>()
  try {
    for (const name of wanted) {
      if (!name.includes('*')) names.add(name)
      else for await (const one of secrets.list({ name }, { environment: from })) names.add(one.name)
    }
  } catch (error) {
    // Whoever may read and not list has the server look: as many as it takes at once.
    if (error instanceof Forbidden) return [wanted]
    throw error
  }
  if (names.size <= partSize) return [wanted]
  const all = [...names].sort()
  return Array.from({ length: Math.ceil(all.length / partSize) }, (_, at) =>
    all.slice(at * partSize, (at + 1) * partSize),
  )
}

/** One after the other. What fails leaves those before it copied, and says so. */
async function copyParts(
  { environments }: Strongroom,
  from: string,
  to: string,
  parts: readonly (readonly string[])[],
): Promise<readonly CopiedSecret[]> {
  const done: CopiedSecret[] = []
  for (const names of parts) {
    try {
      done.push(...(await environments.copy({ from, to, names: [...names] })))
    } catch (error) {
      if (done.length > 0) {
        const left = parts.flat().length - done.length
        tell(`Copied ${countOf(done.length, 'secret')}, which stay; ${left} are left. Run it again for these.`)
      }
      throw error
    }
  }
  return done
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
