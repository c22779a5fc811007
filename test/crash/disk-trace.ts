/**
 * What a process wrote to a folder and when it was synced, from `strace`; and the folder as a power cut at any moment
 * could leave it: what was synced is there, of the rest any part of any write, down to single sectors.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** The calls that change files or make changes durable. */
const calls = [
  'openat',
  'write',
  'pwrite64',
  'writev',
  'pwritev',
  'pwritev2',
  'ftruncate',
  'fsync',
  'fdatasync',
  'rename',
  'renameat',
  'renameat2',
  'unlink',
  'unlinkat',
  'fallocate',
  'sync_file_range',
  'copy_file_range',
]

/** The tracer and its parameters; `-y` tells the path of a file, `-xx` keeps bytes as they are. */
export const tracer = (output: string): readonly string[] => [
  'strace',
  '-f',
  '-y',
  '-qq',
  '-xx',
  '-s',
  '200000',
  '-ttt',
  '-e',
  `trace=${calls.join()}`,
  '-e',
  'signal=none',
  '-o',
  output,
]

const sector = 512

interface Write {
  readonly kind: 'write'
  readonly at: number
  readonly bytes: Buffer
}
type Change = Write | { readonly kind: 'truncate'; readonly length: number }
type Event =
  | { readonly kind: 'change'; readonly time: number; readonly path: string; readonly change: Change }
  | { readonly kind: 'sync'; readonly time: number; readonly path: string; readonly begun: number }
  | { readonly kind: 'create' | 'remove'; readonly time: number; readonly path: string }

/** A file's durable bytes and what is not durable yet. */
interface FileState {
  durable: Buffer
  pending: (Change & { readonly order: number })[]
}

/** Reads a trace. Refuses what it does not understand, lest a write goes missing. */
export function readTrace(file: string, folder: string): Event[] {
  const unfinished = new Map<string, { text: string; order: number }>()
  const events: Event[] = []
  let order = 0
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const match = /^(\d+)\s+(\d+\.\d+) (.*)$/.exec(line)
    if (match === null) continue
    const [, pid = '', seconds = '', text = ''] = match
    const time = Number(seconds) * 1000
    order++
    const cut = /^(.*) <unfinished \.\.\.>$/.exec(text)?.[1]
    if (cut !== undefined) {
      unfinished.set(pid, { text: cut, order })
      continue
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1]
    const begun = rest === undefined ? undefined : unfinished.get(pid)
    const event = parseCall(begun === undefined ? text : begun.text + rest, time, begun?.order ?? order, folder)
    if (event !== undefined) events.push(event)
  }
  return events
}

function parseCall(text: string, time: number, begun: number, folder: string): Event | undefined {
  const match = /^(\w+)\((.*)\)\s+= (-?\d+|\?)(?:<([^>]*)>)?/.exec(text)
  if (match === null) return undefined
  const [, call = '', parameters = '', result = '', opened] = match
  if (!(Number(result) >= 0)) return undefined
  const path = unescaped(/^\d+<([^>]*)>/.exec(parameters)?.[1] ?? '')
  const isOurs = (one: string) => one.startsWith(`${folder}/`) || one === folder
  switch (call) {
    case 'openat': {
      const made = unescaped(opened ?? '')
      return isOurs(made) && parameters.includes('O_CREAT') ? { kind: 'create', time, path: made } : undefined
    }
    case 'pwrite64': {
      if (!isOurs(path)) return undefined
      const [, data = '', at = ''] = /^\d+<[^>]*>, "([^"]*)", \d+, (\d+)$/.exec(parameters) ?? []
      const bytes = Buffer.from(unescaped(data), 'latin1').subarray(0, Number(result))
      if (bytes.length !== Number(result)) throw new Error(`A write was cut short by the tracer: ${text.slice(0, 100)}`)
      return { kind: 'change', time, path, change: { kind: 'write', at: Number(at), bytes } }
    }
    case 'ftruncate': {
      if (!isOurs(path)) return undefined
      const length = Number(/, (\d+)$/.exec(parameters)?.[1])
      return { kind: 'change', time, path, change: { kind: 'truncate', length } }
    }
    case 'fsync':
    case 'fdatasync':
      return isOurs(path) ? { kind: 'sync', time, path, begun } : undefined
    case 'unlink':
    case 'unlinkat': {
      const removed = unescaped(/"([^"]*)"/.exec(parameters)?.[1] ?? '')
      return isOurs(removed) ? { kind: 'remove', time, path: removed } : undefined
    }
    default:
      if (isOurs(path) && !path.endsWith('-shm')) throw new Error(`${call} on ${basename(path)} is not understood.`)
      return undefined
  }
}

/** `-xx` writes every byte of a text as `\x..`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

/** The disk under a folder, replayed event by event. */
export class Disk {
  readonly #files = new Map<string, FileState>()
  readonly #entries = new Set<string>()
  #pendingEntries: { readonly kind: 'create' | 'remove'; readonly path: string }[] = []
  #order = 0

  /** @param files what is there and durable before the first event */
  constructor(files: ReadonlyMap<string, Buffer>) {
    for (const [path, durable] of files) {
      this.#files.set(path, { durable, pending: [] })
      this.#entries.add(path)
    }
  }

  apply(event: Event): void {
    this.#order++
    switch (event.kind) {
      case 'change':
        this.#file(event.path).pending.push({ ...event.change, order: this.#order })
        return
      case 'create':
        if (!this.#entries.has(event.path)) this.#pendingEntries.push({ kind: 'create', path: event.path })
        return
      case 'remove':
        this.#pendingEntries.push({ kind: 'remove', path: event.path })
        return
      case 'sync':
        this.#sync(event.path)
    }
  }

  /** Puts the folder as the power cut leaves it into another. The shared memory of the WAL does not outlive a machine. */
  writeTo(folder: string, random: () => number): void {
    const entries = new Set(this.#entries)
    for (const { kind, path } of this.#pendingEntries) {
      if (random() < 0.5) continue
      if (kind === 'create') entries.add(path)
      else entries.delete(path)
    }
    // One choice for the whole cut makes the extremes likely: nothing of it was written, or all of it.
    const kept = [0, 0.5, 1][Math.floor(random() * 3)] ?? 0
    for (const path of entries) {
      if (path.endsWith('-shm')) continue
      const { durable, pending } = this.#file(path)
      let bytes = durable
      for (const change of pending) bytes = random() < kept ? perform(bytes, torn(change, random)) : bytes
      writeFileSync(join(folder, basename(path)), bytes, { mode: 0o600 })
    }
  }

  #sync(path: string): void {
    const file = this.#files.get(path)
    if (file !== undefined) {
      for (const change of file.pending) file.durable = perform(file.durable, change)
      file.pending = []
    }
    const isInFolder = (one: string) => dirname(one) === path
    for (const { kind, path: entry } of this.#pendingEntries.filter((one) => isInFolder(one.path))) {
      if (kind === 'create') this.#entries.add(entry)
      else {
        this.#entries.delete(entry)
        this.#files.delete(entry)
      }
    }
    this.#pendingEntries = this.#pendingEntries.filter((one) => !isInFolder(one.path))
  }

  #file(path: string): FileState {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const made: FileState = { durable: Buffer.alloc(0), pending: [] }
    this.#files.set(path, made)
    return made
  }
}

function perform(bytes: Buffer, change: Change | readonly Write[]): Buffer {
  if (!('kind' in change)) return change.reduce<Buffer>(perform, bytes)
  if (change.kind === 'truncate') {
    const cut = Buffer.alloc(change.length)
    bytes.copy(cut)
    return cut
  }
  const end = Math.max(bytes.length, change.at + change.bytes.length)
  const whole = Buffer.alloc(end)
  bytes.copy(whole)
  change.bytes.copy(whole, change.at)
  return whole
}

/** Mostly whole; else some of its sectors, in no order. */
function torn(change: Change, random: () => number): Change | readonly Write[] {
  if (change.kind === 'truncate' || random() < 0.7) return change
  const parts: Write[] = []
  for (let at = 0; at < change.bytes.length; at += sector) {
    if (random() < 0.5) parts.push({ kind: 'write', at: change.at + at, bytes: change.bytes.subarray(at, at + sector) })
  }
  return parts
}
