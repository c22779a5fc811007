/** All that a git repository keeps: what any commit had in any file, and what commits and tags say. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Fault } from './output.ts'

export interface GitObject {
  readonly id: string
  /** A path that it had in one of the commits; of a commit or a tag, what it is. */
  readonly path: string
}

/**
 * Every blob, commit and tag that a branch, a tag or the reflog leads to, but blobs that only had paths that are ignored.
 */
export async function objectsOf(
  repository: string,
  isIgnored: ((path: string) => boolean) | undefined,
): Promise<readonly GitObject[]> {
  const listed = await git(repository, ['rev-list', '--objects', '--all', '--reflog'])
  const paths = new Map(
    listed.split('\n').flatMap((line) => {
      const end = line.search(/ |$/)
      return line === '' ? [] : [[line.slice(0, end), line.slice(end + 1)]]
    }),
  )
  const kept = isIgnored === undefined ? undefined : await pathsBut(repository, isIgnored)
  const types = await git(repository, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], [...paths.keys()])
  return types.split('\n').flatMap((line) => {
    const [id = '', type = ''] = line.split(' ')
    if (type === 'commit' || type === 'tag') return [{ id, path: `(message of ${type})` }]
    if (type !== 'blob') return []
    const path = kept === undefined ? paths.get(id) : kept.get(id)
    return path === undefined ? [] : [{ id, path }]
  })
}

/** A path of each blob that ever had one which is not ignored: the listing of objects has one of several. */
async function pathsBut(repository: string, isIgnored: (path: string) => boolean): Promise<Map<string, string>> {
  const parameters = [
    'log',
    '--all',
    '--reflog',
    '-m',
    '--root',
    '--raw',
    '--no-abbrev',
    '--no-renames',
    '-z',
    '--format=',
  ]
  const fields = (await git(repository, parameters)).split('\0')
  const kept = new Map<string, string>()
  // Each change is ":MODE MODE BLOB BLOB STATUS", then the path.
  for (const [at, field] of fields.entries()) {
    const [, before = '', after = ''] = /^\n?:\d+ \d+ ([0-9a-f]+) ([0-9a-f]+) [A-Z]\d*$/.exec(field) ?? []
    const path = fields[at + 1]
    if (path === undefined || after === '' || isIgnored(path)) continue
    kept.set(before, path)
    kept.set(after, path)
  }
  return kept
}

/** What takes an object's bytes, piece by piece. */
export interface Sink {
  push(bytes: Buffer): void
  end(): void
}

/** Reads objects one after the other. */
export async function readObjects(
  repository: string,
  objects: readonly GitObject[],
  sinkOf: (object: GitObject) => Sink,
): Promise<void> {
  const child = start(repository, ['cat-file', '--batch', '--buffer'])
  feed(
    child,
    objects.map(({ id }) => id),
  )
  let held = Buffer.alloc(0)
  let [at, left] = [0, 0]
  let sink: Sink | undefined
  for await (const chunk of child.stdout ?? []) {
    held = Buffer.concat([held, chunk])
    for (;;) {
      if (sink === undefined) {
        const end = held.indexOf(10)
        const object = objects[at]
        if (end < 0 || object === undefined) break
        const [id, , size] = held.toString('latin1', 0, end).split(' ')
        if (id !== object.id || size === undefined) throw new Fault('failure', `git does not have ${object.id} whole.`)
        held = held.subarray(end + 1)
        left = Number(size)
        sink = sinkOf(object)
      }
      const piece = held.subarray(0, left)
      if (piece.length > 0) sink.push(piece)
      left -= piece.length
      held = held.subarray(piece.length)
      // A line end follows each.
      if (left > 0 || held.length === 0) break
      held = held.subarray(1)
      sink.end()
      sink = undefined
      at++
    }
  }
  await ended(child)
  if (at < objects.length) throw new Fault('failure', 'git ended before it gave out all objects.')
}

/** The first commit that had it. */
export async function commitOf(repository: string, { id }: GitObject): Promise<string> {
  const order = ['--all', '--reflog', '--topo-order', '--reverse']
  const found = await git(repository, ['log', ...order, '--no-ext-diff', '--format=%H', `--find-object=${id}`])
  return found.trim().split('\n')[0] || id
}

async function git(repository: string, parameters: readonly string[], input: readonly string[] = []): Promise<string> {
  const child = start(repository, parameters)
  feed(child, input)
  const [out] = await Promise.all([text(child.stdout ?? Readable.from([])), ended(child)])
  return out
}

function start(repository: string, parameters: readonly string[]): ChildProcess {
  return spawn('git', ['-C', repository, ...parameters], { stdio: ['pipe', 'pipe', 'pipe'] })
}

function feed({ stdin }: ChildProcess, lines: readonly string[]): void {
  // Should git end early, its exit code says so.
  stdin?.on('error', () => {})
  if (stdin) Readable.from(lines.map((line) => `${line}\n`)).pipe(stdin)
}

const endings = new WeakMap<ChildProcess, Promise<void>>()

/** @throws Fault with what git said */
function ended(child: ChildProcess): Promise<void> {
  const known = endings.get(child)
  if (known !== undefined) return known
  const ending = (async () => {
    const errors = text(child.stderr ?? Readable.from([]))
    const [code] = await once(child, 'close').catch((error) => {
      throw new Fault('usage', `git cannot be run: ${error instanceof Error ? error.message : 'unknown error'}.`)
    })
    if (code !== 0) throw new Fault('usage', `git ended with ${code}: ${(await errors).trim()}`)
  })()
  endings.set(child, ending)
  return ending
}
