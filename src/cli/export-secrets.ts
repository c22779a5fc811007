/** `strongroom export`: prints the values of many secrets in a format that other programs read. */
import type { Metadata, UnresolvedSecret } from '../client/model.ts'
import type { Entry } from '../formats/entry.ts'
import { exportFormatOf, writeEntries } from '../formats/write.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { carriedForm, readMany } from './entries.ts'
import { countedAre, Fault, printJson, tell } from './output.ts'
import { progress } from './progress.ts'
import { replaceFile } from './replace-file.ts'
import { select } from './run.ts'
import { whyUnresolved } from './values.ts'

interface Options extends RemoteOptions {
  readonly format: string
  readonly only?: readonly string[]
  readonly list?: string
  readonly output?: string
  readonly skipFiles?: boolean
  readonly skipUnresolved?: boolean
  readonly name: string
}

export async function exportSecrets(options: Options): Promise<void> {
  const { output, json } = options
  const format = exportFormatOf(options.format)
  if (json && output === undefined)
    throw new Fault('usage', '--json goes with --output; "--format json" is the format.')
  const client = await connect(options)
  const secrets = withoutFiles(await select(client, options), options)
  const bar = progress('secrets', secrets.length, !json)
  const unresolved: UnresolvedSecret[] = []
  const form = options.skipUnresolved ? { onUnresolved: (one: UnresolvedSecret) => void unresolved.push(one) } : {}
  const values = await readMany(client, secrets, bar.at, form).finally(bar.end)
  for (const one of unresolved) tell(`Left out. ${whyUnresolved(one)}`)
  if (values.size === 0) throw new Fault('notFound', 'No secret is left to export.')
  const text = writeEntries(entriesOf(secrets, values), format, options.name)
  if (output === undefined) return printWhole(text)
  await replaceFile(output, Buffer.from(text), 0o600)
  const left = options.skipUnresolved ? { unresolved: unresolved.map(({ name }) => name) } : {}
  if (json) printJson({ output, format, secrets: values.size, ...left })
  else tell(`${countedAre(values.size, 'secret')} in ${output}.`)
}

/** @throws Fault `notFound` when nothing is left */
function withoutFiles(secrets: readonly Metadata[], { skipFiles }: Options): readonly Metadata[] {
  if (!skipFiles) return secrets
  const files = secrets.filter(({ type }) => type === 'file').map(({ name }) => name)
  if (files.length === secrets.length)
    throw new Fault('notFound', 'Only files are chosen, and --skip-files leaves them out.')
  if (files.length > 0) tell(`Files are left out: ${files.join(', ')}.`)
  return secrets.filter(({ type }) => type !== 'file')
}

function entriesOf(secrets: readonly Metadata[], values: ReadonlyMap<string, Buffer>): readonly Entry[] {
  return secrets.flatMap(({ name }) => {
    const value = values.get(name)
    return value === undefined ? [] : [{ name, value: carriedForm(value) }]
  })
}

/** Before the command ends, however slowly it is taken. What goes wrong with it is told of all that is printed, in one place. */
function printWhole(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve())
  })
}
