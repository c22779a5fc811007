/** `strongroom audit verify --export` and `witness`: what can be verified of the trail far from its store. */
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { emptyHead } from '../audit/chain.ts'
import { type Checkpoint, openNote, splitNotes } from '../audit/checkpoint.ts'
import { type ExportHeader, type ExportVerdict, followExport, readHeader } from '../audit/export.ts'
import type { Anchor } from '../audit/verify.ts'
import { invalid } from '../errors.ts'
import { fail } from './failure.ts'
import { readInputFile } from './input.ts'
import { complain, Fault, print } from './output.ts'
import { replaceFile } from './replace-file.ts'
import { reasonOf } from './system.ts'

/** As `audit verify` of the store has them. */
const exitCodes = { anchored: 0, tampered: 1, unreadable: 2, unanchored: 3 } as const

/** A checkpoint as it came. */
interface Signed extends Checkpoint {
  readonly note: string
}

/** @throws Refusal `invalid` for a file without a checkpoint, or with one that the key has not signed */
export function readCheckpoints(path: string, key: string): readonly Signed[] {
  const notes = splitNotes(readInputFile(path).toString())
  if (notes.length === 0) throw invalid('--checkpoint', `${path} has no checkpoint.`)
  return notes.map((note) => {
    const opened = openNote(note, key)
    if (opened !== undefined) return { ...opened, note }
    throw invalid('--checkpoint', `${path} has a note that the key of the checkpoints has not signed.`)
  })
}

interface VerifyOptions {
  readonly checkpoint?: readonly string[]
  readonly key?: string
}

/** Verifies an export from its first record on, without the store and without any secret key. */
export async function verifyExport(path: string, { checkpoint: paths = [], key }: VerifyOptions): Promise<void> {
  try {
    if (paths.length > 0 && key === undefined)
      throw invalid('--key', 'Is required to verify checkpoints without the store.')
    const { header, lines } = await openExport(path)
    const checkpoints = paths.flatMap((one) => readCheckpoints(one, key ?? ''))
    const isAnchored = new Map<number, boolean>()
    const verdicts = await followExport(
      lines,
      header,
      (one) => {
        const anchors = checkpoints.filter((checkpoint) => isOf(checkpoint, one))
        // Of what is before the first record, nothing is looked at.
        isAnchored.set(
          one.accountId,
          anchors.some(({ size }) => size >= one.after),
        )
        return { start: startOf(one, anchors), anchors }
      },
      opener(key, isAnchored),
    )
    const results = verdicts.map((verdict) => explain(verdict, isAnchored.get(verdict.accountId) === true))
    process.exitCode = exitCodes[worst.find((result) => results.includes(result)) ?? 'anchored']
  } catch (error) {
    fail(error)
    process.exitCode = exitCodes.unreadable
  }
}

/** Of checkpoints at the ends of segments: each that the key has signed is one of the account's. */
function opener(key: string | undefined, isAnchored: Map<number, boolean>) {
  if (key === undefined) return undefined
  return (note: string) => {
    const opened = openNote(note, key)
    if (opened !== undefined) isAnchored.set(opened.accountId, true)
    return opened
  }
}

const worst = ['tampered', 'unanchored'] as const

/** @throws Refusal `invalid` for an export that begins where nothing is known of the chain */
function startOf({ storeId, accountId, after, headBefore }: ExportHeader, anchors: readonly Checkpoint[]): Anchor {
  if (after === 0) return { size: 0, head: emptyHead(storeId, accountId) }
  const known = anchors.find(({ size }) => size === after)
  if (known !== undefined) return known
  // What it leads to is signed, or said to be unanchored.
  if (headBefore !== undefined) return { size: after, head: Buffer.from(headBefore, 'hex') }
  throw invalid(
    '--export',
    'Must begin with the first record, or after one that a checkpoint is of; put its parts together.',
  )
}

export interface WitnessOptions {
  readonly kept: string
  readonly checkpoint: string
  readonly export: string
  readonly key: string
}

/**
 * Keeps the newest checkpoint of one account, and takes a newer one only when the records between them lead from the one
 * to the other: a trail that shrank or forked is refused.
 */
export async function witness({ kept, checkpoint, export: path, key }: WitnessOptions): Promise<void> {
  try {
    const { header, lines } = await openExport(path)
    const next = readCheckpoints(checkpoint, key)
      .filter((one) => isOf(one, header))
      .at(-1)
    if (next === undefined) throw invalid('--checkpoint', 'Has no checkpoint of the account of the export.')
    const last = existsSync(kept) ? readCheckpoints(kept, key).find((one) => isOf(one, header)) : undefined
    if (existsSync(kept) && last === undefined) throw invalid('--kept', 'Is of another account or store.')
    const start = last ?? { size: 0, head: emptyHead(header.storeId, header.accountId) }
    if (header.after !== start.size)
      throw invalid('--export', `Must begin after record ${start.size}: export with --after ${start.size}.`)
    const anchors = next.size >= start.size ? [next] : []
    const [verdict] = await followExport(lines, header, (one) =>
      one.accountId === header.accountId ? { start, anchors } : undefined,
    )
    const fault = next.size < start.size ? shrunk(start.size, next.size) : verdict?.fault
    if (fault !== undefined) return refuse(header, fault)
    await replaceFile(kept, Buffer.from(next.note))
    print(`Account ${header.accountId}: ${next.size} records follow from the ${start.size} that were kept. Kept.`)
  } catch (error) {
    fail(error)
    process.exitCode = exitCodes.unreadable
  }
}

function shrunk(before: number, now: number) {
  return { seq: now + 1, reason: `The trail had ${before} records; the checkpoint states ${now}.` }
}

function refuse({ accountId }: ExportHeader, { seq, reason }: { seq: number; reason: string }): void {
  complain(`TAMPERED: account ${accountId}, record ${seq}: ${reason} The kept checkpoint stays.`)
  process.exitCode = exitCodes.tampered
}

function isOf({ storeId, accountId }: Checkpoint, header: ExportHeader): boolean {
  return storeId === header.storeId && accountId === header.accountId
}

async function openExport(path: string): Promise<{ header: ExportHeader; lines: AsyncIterable<string> }> {
  const input = path === '-' ? process.stdin : await openToRead(path)
  const all = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  const first = await all.next()
  const header = first.done === true ? undefined : readHeader(first.value)
  if (header === undefined) throw invalid('--export', `${path} is not an export of an audit trail.`)
  return { header, lines: { [Symbol.asyncIterator]: () => all } }
}

/** @throws Fault for a file that cannot be opened: of a stream, that would be heard of too late */
async function openToRead(path: string): Promise<NodeJS.ReadableStream> {
  try {
    const file = await open(path)
    // A pipe will do, such as <(…) of a shell.
    if (!(await file.stat()).isDirectory()) return file.createReadStream()
    await file.close()
  } catch (error) {
    throw new Fault('failure', `${path} cannot be read: ${reasonOf(error)}.`)
  }
  throw new Fault('failure', `${path} is a folder, where a file is wanted.`)
}

function explain(
  { accountId, size, head, fault }: ExportVerdict,
  isAnchored: boolean,
): 'anchored' | 'tampered' | 'unanchored' {
  print(`account ${accountId}: ${size} records hold, head ${Buffer.from(head).toString('hex')}`)
  if (fault !== undefined) {
    complain(`TAMPERED: account ${accountId}, record ${fault.seq}: ${fault.reason}`)
    return 'tampered'
  }
  print(isAnchored ? 'The chain is the one of its checkpoints.' : 'UNANCHORED: no checkpoint from outside was given.')
  return isAnchored ? 'anchored' : 'unanchored'
}
