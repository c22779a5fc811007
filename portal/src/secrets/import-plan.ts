/** What is to be imported: names, what storing each would do, and their values, which are in no state and no cache. */
import { isSecretName } from '../../../src/model/name.ts'
import { act, sentenceOf } from '../api/ask.ts'
import { type OneToStore, StrongroomError, strongroom } from '../api/client.ts'
import { base64Of, nameFrom, textOf } from './content.ts'

/** One secret that is to be, without its value. */
export interface Row {
  /** Where its value is. */
  readonly key: number
  readonly name: string
  /** What it came in. */
  readonly source: string
  /** The name of the file that it is, byte for byte. */
  readonly filename?: string
}

/** What storing it would do, or why it cannot be stored. */
export type Fate =
  | { readonly state: 'new' | 'changed' | 'same' | 'unread'; readonly version: number | undefined }
  | { readonly state: 'invalid'; readonly why: string }

type Value = Pick<OneToStore, 'value' | 'encoding' | 'type'>

/** What one request takes, well below what a server lets in. */
const groupSize = 100
const groupBytes = 256 * 1024

/** Values by the keys of their rows. Whoever holds it drops it when the page is left or the session ends. */
export class Values {
  readonly #values = new Map<number, Value>()
  #next = 0

  get(key: number): Value | undefined {
    return this.#values.get(key)
  }

  add(value: Value): number {
    this.#values.set(++this.#next, value)
    return this.#next
  }

  clear(): void {
    this.#values.clear()
  }
}

/** What was pasted, as a file. */
export function pastedFile(text: string): File {
  return new File([text], pasted)
}

const pasted = 'Pasted text'

/** A file as one secret: a text, or byte for byte as a file. */
export async function wholeOf(file: File, values: Values): Promise<Row> {
  const bytes = await bytesIn(file)
  const type = textOf(bytes) === undefined ? 'file' : 'text'
  const key = values.add({ value: base64Of(bytes), encoding: 'base64', type })
  const { name: filename } = file
  return { key, name: nameFrom(filename), source: filename, ...(type === 'file' ? { filename } : {}) }
}

/** The names and values in a file. @throws Error that says what is wrong */
export async function namesIn(file: File, values: Values): Promise<readonly Row[]> {
  const bytes = await bytesIn(file)
  const { entriesIn } = await import('./import-read.ts')
  return entriesIn(bytes, file.name === pasted ? '' : file.name).map(({ name, value }) => {
    const isText = typeof value === 'string'
    const key = values.add(
      isText
        ? { value, encoding: 'utf-8', type: 'text' }
        : { value: base64Of(new Uint8Array(value)), encoding: 'base64', type: 'file' },
    )
    return { key, name, source: file.name }
  })
}

async function bytesIn(file: File): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer())
  } catch {
    throw new Error('It can’t be read. If it is a folder, drop the files in it.')
  }
}

/** Whether a text that was pasted is one of names and values. */
export function looksLikeEntries(text: string): boolean {
  return /^\s*(?:#[^\n]*\s+)*(?:\{|(?:export\s+)?[A-Za-z_][\w./-]*\s*(?:=|:\s))/.test(text)
}

/** Whether a file is one of names and values, by its name. */
export function isOfEntries(filename: string): boolean {
  return filename === pasted || /(^|\.)env(\.[\w-]+)?$|\.(json|ya?ml)$/i.test(filename)
}

/** Asks the server what storing each would do; it compares values itself, so that none comes back. */
export async function fatesOf(rows: readonly Row[], values: Values): Promise<ReadonlyMap<number, Fate>> {
  const fates = new Map<number, Fate>()
  const names = new Set<string>()
  const asked = rows.filter(({ key, name }) => {
    const why = faultOf(name, names)
    names.add(name)
    if (why !== undefined) fates.set(key, { state: 'invalid', why })
    return why === undefined
  })
  for (const group of groupsOf(asked, values)) for (const [key, fate] of await fatesIn(group)) fates.set(key, fate)
  return fates
}

function faultOf(name: string, before: ReadonlySet<string>): string | undefined {
  if (name === '') return 'Enter a name.'
  if (!isSecretName(name)) return 'Use letters, digits, “_”, “.” and “-”, with “/” after each folder.'
  return before.has(name) ? 'Another one here has this name.' : undefined
}

interface Group {
  readonly rows: readonly Row[]
  readonly inputs: readonly OneToStore[]
}

/** One by one, what the server refuses of a group is taken out, and the others asked for again. */
async function fatesIn({ rows, inputs }: Group): Promise<ReadonlyMap<number, Fate>> {
  const fates = new Map<number, Fate>()
  let left = rows.map((row, at) => ({ row, input: inputs[at] })).filter((one) => one.input !== undefined)
  while (left.length > 0) {
    const sent = left
    try {
      const found = await act(() => strongroom.secrets.previewMany(sent.flatMap(({ input }) => input ?? [])))
      for (const [at, { state, version }] of found.entries()) {
        const key = sent[at]?.row.key
        if (key !== undefined) fates.set(key, fateOf(state, version))
      }
      return fates
    } catch (error) {
      const faults = faultsByPlace(error)
      if (faults.size === 0) throw error
      for (const [at, why] of faults) {
        const key = sent[at]?.row.key
        if (key !== undefined) fates.set(key, { state: 'invalid', why })
      }
      left = sent.filter((_, at) => !faults.has(at))
      if (left.length === sent.length) throw error
    }
  }
  return fates
}

function fateOf(state: string, version: number): Fate {
  if (state === 'new') return { state, version: 0 }
  if (state === 'changed' || state === 'same') return { state, version }
  if (state === 'unread') return { state, version: undefined }
  return { state: 'invalid', why: 'You don’t have permission to write a secret with this name.' }
}

/** What is wrong with which of them, by their places in a request. */
function faultsByPlace(error: unknown): ReadonlyMap<number, string> {
  if (!(error instanceof StrongroomError)) return new Map()
  return new Map(
    error.errors.flatMap(({ field, detail }) => {
      const [, place] = /^secrets[./](\d+)/.exec(field) ?? []
      return place === undefined ? [] : [[Number(place), detail] as const]
    }),
  )
}

/** Rows with their values, as many as one request takes. */
export function* groupsOf(rows: readonly Row[], values: Values): Generator<Group, void, undefined> {
  let group: { readonly row: Row; readonly input: OneToStore }[] = []
  let bytes = 0
  const take = (): Group => ({ rows: group.map(({ row }) => row), inputs: group.map(({ input }) => input) })
  for (const row of rows) {
    const value = values.get(row.key)
    if (value === undefined) continue
    if (group.length > 0 && (group.length === groupSize || bytes + value.value.length > groupBytes)) {
      yield take()
      group = []
      bytes = 0
    }
    const file = row.filename === undefined ? {} : { filename: row.filename }
    group.push({ row, input: { name: row.name, ...value, ...file } })
    bytes += value.value.length
  }
  if (group.length > 0) yield take()
}

export interface Stored {
  readonly stored: readonly Row[]
  /** Why the rest was not, if some was left. */
  readonly why?: string
}

/**
 * Stores them, each group of up to a hundred as one: on condition that each is still as it was when it was looked at.
 *
 * @param list where new ones go
 */
export async function storeAll(
  rows: readonly Row[],
  values: Values,
  fates: ReadonlyMap<number, Fate>,
  list: string,
  onProgress: (stored: number) => void,
): Promise<Stored> {
  const stored: Row[] = []
  for (const { rows: group, inputs } of groupsOf(rows, values)) {
    const sent = inputs.map((input, at) => {
      const fate = fates.get(group[at]?.key ?? 0)
      const upon = fate === undefined || fate.state === 'invalid' ? undefined : fate.version
      return {
        ...input,
        // The default list is made with the first secret; asked for by its name, it would have to be there.
        ...(list === 'default' ? {} : { list }),
        ...(upon === undefined ? {} : { version: upon }),
      }
    })
    try {
      await act(() => strongroom.secrets.storeMany(sent))
    } catch (error) {
      return { stored, why: sentenceOf(error) }
    }
    stored.push(...group)
    onProgress(stored.length)
  }
  return { stored }
}
