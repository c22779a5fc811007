/** `strongroom rollback`: an environment made again what it was. */
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { countOf, Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { confirm } from './prompt.ts'

interface RollbackOptions extends RemoteOptions {
  readonly to: string
  readonly only?: string
  readonly deleteCreated?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** What is done to a secret of each state. */
const does: Readonly<Record<string, string>> = {
  changed: 'gets its old value',
  deleted: 'is restored',
  created: 'is new',
  renamed: 'keeps its name',
  moved: 'keeps its list',
  details: 'keeps its details',
  lost: 'cannot be had',
}

export async function rollBack(options: RollbackOptions): Promise<void> {
  const client = await connect(options)
  const { only: name, deleteCreated = false } = options
  const input = { to: timeOf(options.to), delete_created: deleteCreated, ...(name === undefined ? {} : { name }) }
  const preview = await client.deleted.rollBack({ ...input, dry_run: true })
  if (options.dryRun && options.json) return printJson(preview)
  if (!options.json) {
    printTable(
      ['', 'NAME', 'NOW', 'THEN', 'DETAIL'],
      preview.items.map(({ state, name: called, version, was, detail }) => [
        state === 'created' && deleteCreated ? 'is deleted' : (does[state] ?? state),
        called,
        String(version ?? ''),
        String(was ?? ''),
        detail ?? '',
      ]),
    )
  }
  const count = preview.items.filter(
    ({ state }) => state === 'changed' || state === 'deleted' || (state === 'created' && deleteCreated),
  ).length
  const created = preview.items.filter(({ state }) => state === 'created').length
  if (!options.json && created > 0 && !deleteCreated) {
    tell(`${countOf(created, 'secret')} created since then will stay; --delete-created deletes what is new.`)
  }
  if (options.dryRun && count > 0) return
  if (count === 0) {
    if (options.json) return printJson(preview)
    return tell(`Nothing to roll back in ${shown(preview.environment)}.`)
  }
  const question = `Roll ${count} of these back in ${preview.environment}?`
  if (!options.yes && !(await confirm(question, 'Say --yes to do it without being asked.'))) {
    throw new Fault('failure', 'Nothing was rolled back.')
  }
  const done = await client.deleted.rollBack(input)
  if (options.json) return printJson(done)
  print(`Rolled back ${countOf(count, 'secret')} in ${shown(done.environment)} to ${input.to}.`)
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @throws Fault `usage` */
function timeOf(text: string): string {
  const [, count, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  const milliseconds = units[unit]
  if (count !== undefined && milliseconds !== undefined) {
    return new Date(Date.now() - Number(count) * milliseconds).toISOString()
  }
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) return text
  throw new Fault('usage', '--to must be a time such as 2026-01-15T10:30:00Z, or so long ago: 30m, 2h, 7d.')
}
