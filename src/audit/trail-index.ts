/**
 * What an index of a trail is made of: for each thing that is asked for, in which stretches of a segment there are records of
 * it. It tells where nothing is to be found; what is found, only the records tell.
 */
import { hash } from 'node:crypto'
import { defaultEnvironment } from '../model/environment.ts'
import { type Action, type AuditRecord, isPlaced, valueReads } from './record.ts'

/** How a trail is cut. */
export interface Shape {
  /** Records of one segment, in 256 stretches at the most: the last one may be shorter. */
  readonly segment: number
  /** Records of one stretch. */
  readonly stretch: number
}

export const trailShape: Shape = { segment: 65_536, stretch: 256 }

/** Rows of a segment: each has the things whose hash leads to it. */
export const buckets = 64

/** How rows are written; of another one, nothing is known. */
export const indexFormat = 1

/** Of a record, what can be asked for. */
export interface Indexed {
  readonly seq: number
  readonly kind: string
  readonly principalId: number
  readonly principalName: string
  readonly action: Action
  readonly outcome: string
  /** Of a secret. */
  readonly secretId: number | null
  readonly secretName: string | null
  readonly environmentId: number | null
}

/** What is looked for: every part that is given. */
export interface Sought {
  readonly action?: string | undefined
  readonly outcome?: string | undefined
  /** A secret by id or by name. */
  readonly secret?: number | string | undefined
  /** A principal by id (API keys) or by name. */
  readonly principal?: number | string | undefined
  readonly environmentId?: number | undefined
  readonly kind?: string | undefined
  /** Of that kind. */
  readonly principalId?: number | undefined
}

export function indexedOf(record: AuditRecord): Indexed {
  const { seq, principal, action, outcome, object, environmentId } = record
  const isSecret = object?.kind === 'secret'
  return {
    ...{ seq, kind: principal.kind, principalId: principal.id, principalName: principal.name, action, outcome },
    ...{ secretId: isSecret ? object.id : null, secretName: isSecret ? object.name : null, environmentId },
  }
}

type Add = (thing: string) => void

/**
 * The things that a record is of, but for its secret. These and `thingsOfSecret` are those that the first version of the format
 * names: another choice is another format.
 */
function thingsOf(record: Indexed, add: Add): void {
  const { kind, principalId, principalName, action, outcome, environmentId } = record
  add(`kind ${kind}`)
  add(`action ${action}`)
  add(`outcome ${outcome}`)
  add(`action ${action} outcome ${outcome}`)
  if (environmentId !== null) add(`environment ${environmentId}`)
  else if (isPlaced(action)) add(`environment ${defaultEnvironment.id}`)
  thingsOfSubject(`principal ${kind} ${principalId}`, record, add)
  thingsOfSubject(`principal named ${principalName}`, record, add)
}

/** Whether two records are of the same things, but for their secrets. */
function isAlike(one: Indexed, other: Indexed): boolean {
  return (
    one.action === other.action &&
    one.outcome === other.outcome &&
    one.kind === other.kind &&
    one.principalId === other.principalId &&
    one.principalName === other.principalName &&
    one.environmentId === other.environmentId
  )
}

function thingsOfSecret(record: Indexed, add: Add): void {
  const { secretId, secretName } = record
  if (secretId !== null) thingsOfSubject(`secret ${secretId}`, record, add)
  if (secretName !== null) thingsOfSubject(`secret named ${secretName}`, record, add)
}

function thingsOfSubject(subject: string, { action, outcome }: Indexed, add: Add): void {
  add(subject)
  if (isRare(action)) add(`action ${action} ${subject}`)
  if (!isUsual(outcome)) add(`outcome ${outcome} ${subject}`)
}

/** Nearly all records are reads of values: with anything else, what is asked for has a thing of its own. */
function isRare(action: string): boolean {
  return !reads.has(action)
}

const reads: ReadonlySet<string> = valueReads

function isUsual(outcome: string): boolean {
  return outcome === 'ok'
}

/** The things that all records have which are looked for; none, where the index cannot help. */
export function thingsSought(sought: Sought): readonly string[] {
  const { action, outcome, secret, principal, environmentId, kind, principalId } = sought
  const things: string[] = []
  if (kind !== undefined) things.push(`kind ${kind}`)
  if (environmentId !== undefined) things.push(`environment ${environmentId}`)
  if (action !== undefined) things.push(`action ${action}`)
  if (outcome !== undefined) things.push(`outcome ${outcome}`)
  if (action !== undefined && outcome !== undefined) things.push(`action ${action} outcome ${outcome}`)
  for (const subject of subjectsSought({ secret, principal, kind, principalId })) {
    things.push(subject)
    if (action !== undefined && isRare(action)) things.push(`action ${action} ${subject}`)
    if (outcome !== undefined && !isUsual(outcome)) things.push(`outcome ${outcome} ${subject}`)
  }
  return things
}

function subjectsSought({ secret, principal, kind, principalId }: Sought): readonly string[] {
  const subjects: string[] = []
  if (typeof secret === 'number') subjects.push(`secret ${secret}`)
  if (typeof secret === 'string') subjects.push(`secret named ${secret}`)
  if (typeof principal === 'number') subjects.push(`principal key ${principal}`)
  if (typeof principal === 'string') subjects.push(`principal named ${principal}`)
  if (kind !== undefined && principalId !== undefined) subjects.push(`principal ${kind} ${principalId}`)
  return subjects
}

/** Where a thing stands in a segment. */
export interface Place {
  readonly bucket: number
  /** 32 bits. */
  readonly key: number
}

export function placeOf(thing: string): Place {
  const digest = Buffer.from(hash('sha256', thing, 'latin1').slice(0, 5), 'latin1')
  return { bucket: (digest[0] ?? 0) % buckets, key: digest.readUInt32BE(1) }
}

/** A bit for each stretch of a segment. */
export type Stretches = Uint8Array

const maxStretches = 256
const bitmapBytes = maxStretches / 8
/** More than so many are written as bits. */
const maxListed = bitmapBytes - 1
const bitmapsInPart = 1024
/** Things whose place is remembered: as many as the reads of some ten thousand secrets are of. */
const recentThings = 32_768
const inBits = 255
const inAll = 0

function setBit(bits: Stretches, at: number): void {
  bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7))
}

export function hasBit(bits: Stretches, at: number): boolean {
  return ((bits[at >> 3] ?? 0) & (1 << (at & 7))) !== 0
}

/** Is given the records of one segment, in order. */
export class SegmentIndex {
  readonly first: number
  readonly last: number
  readonly #shape: Shape
  readonly #bitmaps = new Bitmaps()
  /** Which bitmap a thing has, by where it stands: those that share a place share a look. */
  readonly #placed = Array.from({ length: buckets }, () => new Map<number, number>())
  /** The same of those that were met lately, as to find their places takes the most. */
  readonly #recent = new Map<string, number>()
  #next: number
  /** The record that was taken last. */
  #before: Indexed | undefined

  constructor(shape: Shape, first: number) {
    this.first = first
    this.last = first + shape.segment - 1
    this.#shape = shape
    this.#next = first
  }

  /** Of those that are missing, nothing can be said: then it is never whole. */
  take(record: Indexed): void {
    if (record.seq !== this.#next) return
    const at = record.seq - this.first
    const stretch = Math.floor(at / this.#shape.stretch)
    this.#next++
    const add = (thing: string) => this.#bitmaps.setBit(this.#recent.get(thing) ?? this.#place(thing), stretch)
    const before = at % this.#shape.stretch === 0 ? undefined : this.#before
    // Nearly all are as the one before, which has said all of this of the stretch.
    if (before === undefined || !isAlike(record, before)) thingsOf(record, add)
    thingsOfSecret(record, add)
    this.#before = record
  }

  #place(thing: string): number {
    const { bucket, key } = placeOf(thing)
    const known = this.#placed[bucket]?.get(key) ?? this.#bitmaps.add()
    this.#placed[bucket]?.set(key, known)
    if (this.#recent.size === recentThings) this.#recent.clear()
    this.#recent.set(thing, known)
    return known
  }

  get isWhole(): boolean {
    return this.#next > this.last
  }

  /** What a row of the segment holds: the length of a stretch, then by ascending key the key, how many stretches, and which. */
  row(bucket: number): Uint8Array {
    const { segment, stretch } = this.#shape
    const entries = [...(this.#placed[bucket] ?? [])].sort(([one], [other]) => one - other)
    const stretches = Math.ceil(segment / stretch)
    const parts = entries.flatMap(([key, at]) => [uint32(key), writtenBits(this.#bitmaps.at(at), stretches)])
    return Buffer.concat([uint32(stretch), ...parts])
  }
}

/** Bitmaps of very many things: as objects of their own they take six times as much. */
class Bitmaps {
  readonly #parts: Uint8Array[] = []
  #count = 0

  /** @returns the number of a new one */
  add(): number {
    if (this.#count % bitmapsInPart === 0) this.#parts.push(new Uint8Array(bitmapsInPart * bitmapBytes))
    return this.#count++
  }

  setBit(number: number, bit: number): void {
    setBit(this.#partOf(number), (number % bitmapsInPart) * maxStretches + bit)
  }

  at(number: number): Stretches {
    const from = (number % bitmapsInPart) * bitmapBytes
    return this.#partOf(number).subarray(from, from + bitmapBytes)
  }

  #partOf(number: number): Uint8Array {
    return this.#parts[Math.floor(number / bitmapsInPart)] ?? new Uint8Array()
  }
}

function writtenBits(bits: Stretches, stretches: number): Uint8Array {
  const listed: number[] = []
  for (let at = 0; at < stretches; at++) if (hasBit(bits, at)) listed.push(at)
  if (listed.length === stretches) return Uint8Array.of(inAll)
  return listed.length > maxListed ? Uint8Array.of(inBits, ...bits) : Uint8Array.of(listed.length, ...listed)
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** What a row says of some things. */
export interface Said {
  /** Records of one stretch. */
  readonly stretch: number
  /** By key; without those of which the segment has nothing. */
  readonly found: ReadonlyMap<number, Stretches>
}

/** Records of one stretch, by a row whose MAC is its own. */
export function stretchIn(row: Uint8Array): number {
  return Buffer.from(row.buffer, row.byteOffset, row.byteLength).readUInt32BE(0)
}

/** Reads such a row. */
export function read(row: Uint8Array, keys: readonly number[]): Said {
  const bytes = Buffer.from(row.buffer, row.byteOffset, row.byteLength)
  const found = new Map<number, Stretches>()
  for (let at = 4; at < bytes.length; ) {
    const key = bytes.readUInt32BE(at)
    const count = bytes.readUInt8(at + 4)
    const end = at + 5 + (count === inBits ? bitmapBytes : count)
    if (keys.includes(key)) found.set(key, readBits(count, bytes.subarray(at + 5, end)))
    at = end
  }
  return { stretch: stretchIn(row), found }
}

function readBits(count: number, bytes: Uint8Array): Stretches {
  if (count === inBits) return Uint8Array.from(bytes)
  const bits = new Uint8Array(bitmapBytes).fill(count === inAll ? 255 : 0)
  for (const at of bytes) setBit(bits, at)
  return bits
}
