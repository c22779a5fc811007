/** `strongroom secrets set`: makes a secret, or stores a new version of it. */
import { basename } from 'node:path'
import { versionTag } from '../client/answer.ts'
import { Conflict } from '../client/errors.ts'
import type { Metadata } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { ifAllowed } from './allowed.ts'
import { connectToStore } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { type DetailOptions, detailsIn, type GivenDetails } from './details.ts'
import { checkedName, findNamed, findSecret, idIn, listOf } from './find.ts'
import { numberOf, readHiddenInput, readInputFile } from './input.ts'
import { complain, Fault, print, printJson, tell } from './output.ts'
import { askHidden, isInteractive } from './prompt.ts'
import { isText, versionOfTag } from './secrets.ts'
import { showNewValue } from './what-if.ts'

type SecretType = 'text' | 'file' | 'template'

interface Options extends RemoteOptions, DetailOptions {
  readonly file?: string
  readonly value?: string
  readonly trim?: boolean
  readonly type?: SecretType
  readonly list?: string
  readonly ifVersion?: string
  readonly dryRun?: boolean
}

/** What was stored. */
interface Stored {
  readonly id: number
  readonly name: string
  readonly version: number
  readonly isNew: boolean
}

export async function set(ref: string, options: Options): Promise<void> {
  const ifVersion = options.ifVersion === undefined ? undefined : numberOf('--if-version', options.ifVersion, 0, 1e15)
  if (idIn(ref) === undefined) checkedName(ref)
  const details = { ...filenameIn(options), ...detailsIn(options) }
  const client = await connectToStore(options)
  if (options.dryRun) return showNewValue(client, ref, await existing(client, ref), options.json)
  const value = await readValue(ref, options)
  const stored = await store(client, ref, { value, type: options.type, details, ifVersion, list: options.list })
  const { id, name, version, isNew } = stored
  // Such as when the program before it in a pipe failed.
  if (value.length === 0) tell(`The value of ${name} is empty.`)
  if (options.json) return printJson({ id, name, version, created: isNew })
  print(isNew ? `${name} is stored.` : `${name} is stored, as version ${version}.`)
}

interface Input {
  readonly value: Buffer
  readonly type: SecretType | undefined
  readonly details: GivenDetails
  readonly ifVersion: number | undefined
  readonly list: string | undefined
}

async function store(client: Strongroom, ref: string, input: Input): Promise<Stored> {
  const found = await existing(client, ref)
  if (found !== undefined) return update(client, found, input)
  if ((input.ifVersion ?? 0) > 0) throw new Fault('conflict', `${ref} is not there, so it has no version.`)
  try {
    return await create(client, ref, input)
  } catch (error) {
    if (!(error instanceof Conflict) || error.code !== 'name_taken' || input.ifVersion === 0) throw error
    // Somebody was faster, or this key may not list it.
    const taken = await existing(client, ref)
    if (taken !== undefined) return update(client, taken, input)
    throw new Fault('conflict', `${ref} is there, and this key may not list it: name it by its id, such as id:7.`)
  }
}

/** A key that may not list may write all the same. */
export async function existing(client: Strongroom, ref: string): Promise<Metadata | undefined> {
  if (idIn(ref) !== undefined) return findSecret(client, ref)
  return ifAllowed(() => findNamed(client, ref))
}

async function create(client: Strongroom, name: string, input: Input): Promise<Stored> {
  const type = input.type ?? (isText(input.value) ? 'text' : 'file')
  const { filename, ...details } = input.details
  const made = await client.secrets.create({
    name,
    ...encodedAs(type, input.value),
    type,
    ...details,
    ...(type === 'file' && filename !== undefined ? { filename } : {}),
    ...(input.list === undefined ? {} : { list: input.list }),
  })
  return { id: made.id, name, version: 1, isNew: true }
}

async function update(client: Strongroom, found: Metadata, input: Input): Promise<Stored> {
  const { id, name, type } = found
  if (input.type !== undefined && input.type !== type) {
    throw new Fault('usage', `${name} is of type ${type}, and stays so. Delete it first, or choose another name.`)
  }
  if (input.list !== undefined && input.list !== found.list?.name) {
    throw new Fault('usage', `${name} is in ${listOf(found)}. Move it with "strongroom lists move".`)
  }
  const condition = input.ifVersion === undefined ? {} : { ifMatch: versionTag(input.ifVersion) }
  const { etag } = await client.secrets.update(id, encodedAs(type, input.value), condition)
  const { filename, ...others } = input.details
  const details = type === 'file' ? input.details : others
  if (Object.keys(details).length > 0) await client.secrets.updateMetadata(id, details)
  return { id, name, version: versionOfTag(etag), isNew: false }
}

/** @throws Fault `usage` for bytes that are no text */
function encodedAs(type: string, value: Buffer) {
  if (type === 'file') return { value: value.toString('base64'), encoding: 'base64' } as const
  if (isText(value) || isUtf8WithNul(value)) return { value: value.toString(), encoding: 'utf-8' } as const
  throw new Fault('usage', 'The value is not UTF-8. Only a secret of type file can have it: --type file.')
}

function isUtf8WithNul(value: Buffer): boolean {
  return Buffer.from(value.toString()).equals(value)
}

async function readValue(ref: string, options: Options): Promise<Buffer> {
  const { file, value, trim } = options
  if (file !== undefined && value !== undefined) throw new Fault('usage', 'Say either --file or --value.')
  const bytes = file === undefined ? await typedValue(ref, value) : readInputFile(file)
  if (trim) return withoutLineEnd(bytes)
  if (file === undefined && /^[^\n]+\n$/.test(bytes.toString('latin1'))) {
    complain('The value ends with a line end, which belongs to it. Say --trim to leave it out.')
  }
  return bytes
}

async function typedValue(ref: string, value: string | undefined): Promise<Buffer> {
  if (value !== undefined) return Buffer.from(value)
  if (!isInteractive()) return readHiddenInput()
  const typed = await askHidden(`Value of ${ref}`, '')
  if (typed === '') throw new Fault('usage', 'No value was typed: nothing is stored.')
  return Buffer.from(typed)
}

function withoutLineEnd(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== 0x0a) return bytes
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1)
}

function filenameIn({ file }: Options): GivenDetails {
  return file === undefined ? {} : { filename: basename(file) }
}
