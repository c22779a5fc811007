/** `strongroom deleted`: what was deleted and can be restored for a while. */
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { countOf, Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { confirm } from './prompt.ts'

export async function list(options: RemoteOptions): Promise<void> {
  const client = await connect(options)
  const deleted = await Array.fromAsync(client.deleted.list())
  if (options.json) return printJson({ deleted })
  if (deleted.length === 0) return tell(nothingKept(await client.deleted.recoveryDays()))
  printTable(
    ['ID', 'KIND', 'NAME', 'ENVIRONMENT', 'DELETED', 'BY', 'RESTORABLE UNTIL'],
    deleted.map((one) => {
      const { id, kind, name, environment, deleted_at: at, deleted_by: by, restorable_until: until } = one
      return [String(id), kind, name, environment ?? '', at, by.name, until]
    }),
  )
}

function nothingKept(days: number): string {
  const text = 'Nothing that was deleted here can be restored.'
  if (days === 0) {
    return `${text} Deletion is permanent in this account: "strongroom settings update --recovery-days 7" changes that.`
  }
  const kept = `What is deleted is kept for ${countOf(days, 'day')} and listed in its own environment`
  return `${text} ${kept}: name it with -e.`
}

interface RestoreOptions extends RemoteOptions {
  readonly name?: string
  readonly list?: string
}

export async function restore(text: string, options: RestoreOptions): Promise<void> {
  const client = await connect(options)
  const { name, list: into } = options
  const restored = await client.deleted.restore(idOf(text), {
    ...(name === undefined ? {} : { name }),
    ...(into === undefined ? {} : { list: into }),
  })
  if (options.json) return printJson(restored)
  print(`Restored the ${restored.kind} ${shown(restored.name)} (id ${restored.id}).`)
}

export async function purge(text: string, options: RemoteOptions & { readonly yes?: boolean }): Promise<void> {
  const id = idOf(text)
  const client = await connect(options)
  if (!options.yes && !(await confirm(`Destroy deletion ${id} for good?`, 'Say --yes to do it without being asked.'))) {
    throw new Fault('failure', 'Nothing was destroyed.')
  }
  await client.deleted.purge(id)
  if (options.json) return printJson({ purged: { id } })
  print(`Deletion ${id} is destroyed.`)
}

/** @throws Fault `usage` */
function idOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new Fault('usage', 'Must be an id of "strongroom deleted list", such as 7.')
}
