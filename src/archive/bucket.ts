/**
 * An archive in a bucket of Amazon S3, or of a storage that speaks as it does: an object for each segment. Nothing in it is ever replaced
 * or deleted here. The official client signs the requests; it is large, so who uses it installs it beside Strongroom, and it is loaded here alone.
 */
import { addAbortSignal, Readable } from 'node:stream'
import { type AmazonClient, amazonFaultName, askAmazon, loadAmazonClient } from '../amazon.ts'
import {
  beginningOf,
  longestAmong,
  SegmentFault,
  type SegmentFiles,
  type SegmentSource,
  sourceOf,
} from '../audit/segment.ts'
import { Refusal } from '../errors.ts'
import type { Bucket } from './bucket-url.ts'
import { maxSegmentBytes } from './folder.ts'

const clientPackage: string = '@aws-sdk/client-s3'
/** For one request, with what the client tries again by itself. */
const defaultPatienceMs = 60_000

/** Of the client what is used. */
interface Client {
  readonly S3Client: new (settings: object) => AmazonClient
  readonly PutObjectCommand: new (input: object) => object
  readonly GetObjectCommand: new (input: object) => object
  readonly ListObjectsV2Command: new (input: object) => object
}

/**
 * @param load gives the client's package
 * @param patienceMs for one request and what is sent for it
 * @throws Refusal `invalid` when it is not installed
 */
export async function openBucket(
  { name: Bucket, prefix, region, endpoint }: Bucket,
  load: () => Promise<unknown> = () => import(clientPackage),
  patienceMs: number = defaultPatienceMs,
): Promise<SegmentFiles> {
  const { S3Client, PutObjectCommand, GetObjectCommand, ListObjectsV2Command } = await clientOf(load)
  const client = new S3Client({
    ...(region === undefined ? {} : { region }),
    // Storages of others have one address for all of their buckets.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    maxAttempts: 3,
  })
  const ask = (command: object, signal = AbortSignal.timeout(patienceMs)) => askAmazon(client, command, signal, end)
  return {
    find: async (accountId, firstSeq, lastSeq) => {
      const Prefix = `${prefix}${accountId}/${beginningOf(firstSeq)}`
      const listed = await ask(new ListObjectsV2Command({ Bucket, Prefix })).catch(refuse)
      const contents: unknown = Reflect.get(listed, 'Contents') ?? []
      if (!Array.isArray(contents)) throw trouble('answers otherwise than S3 does')
      const keys = contents.map((one: object): unknown => Reflect.get(one, 'Key'))
      const files = keys.filter((key) => typeof key === 'string').map((key) => key.slice(prefix.length))
      return longestAmong(files, { accountId, firstSeq, lastSeq })
    },
    open: async (file, signal): Promise<SegmentSource | undefined> => {
      const late = AbortSignal.timeout(patienceMs)
      const limit = signal === undefined ? late : AbortSignal.any([late, signal])
      const answer = await ask(new GetObjectCommand({ Bucket, Key: `${prefix}${file}` }), limit).catch(
        (error: unknown) => (amazonFaultName(error) === 'NoSuchKey' ? undefined : refuse(error)),
      )
      if (answer === undefined) return undefined
      if (Number(Reflect.get(answer, 'ContentLength')) > maxSegmentBytes) {
        end(answer)
        throw new SegmentFault(1, `The object ${file} is too long to be a segment.`)
      }
      return sourceOf(await bytesOf(Reflect.get(answer, 'Body'), limit))
    },
    make: async (file, lines) => {
      const some: string[] = []
      for await (const line of lines) some.push(line, '\n')
      const Body = Buffer.from(some.join(''))
      const input = { Bucket, Key: `${prefix}${file}`, Body, ContentType: 'application/jsonl' }
      // A name that is taken is not given to another object.
      await ask(new PutObjectCommand({ ...input, IfNoneMatch: '*' })).catch(refuse)
    },
  }
}

/** What is neither read nor ended keeps its connection, of which the client has a few. */
function end(answer: object): void {
  const body: unknown = Reflect.get(answer, 'Body')
  if (body instanceof Readable) body.destroy()
}

/** @param signal ends it, whether or not the client heeds it once it has the headers */
async function bytesOf(body: unknown, signal: AbortSignal): Promise<Buffer> {
  if (!isStream(body)) throw trouble('answers otherwise than S3 does')
  try {
    const pieces: Uint8Array[] = []
    let length = 0
    for await (const piece of body instanceof Readable ? addAbortSignal(signal, body) : body) {
      length += piece.length
      if (length > maxSegmentBytes) throw trouble('sends more than a segment has')
      pieces.push(piece)
    }
    return Buffer.concat(pieces)
  } catch (error) {
    throw error instanceof Refusal ? error : trouble(`broke off (${amazonFaultName(error)})`)
  }
}

function isStream(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

async function clientOf(load: () => Promise<unknown>): Promise<Client> {
  const used = ['S3Client', 'PutObjectCommand', 'GetObjectCommand', 'ListObjectsV2Command'] as const
  const client = await loadAmazonClient<Client>(load, used)
  if (client !== undefined) return client
  throw new Refusal('invalid', `An archive at s3: needs the package ${clientPackage}: install it beside Strongroom.`)
}

function refuse(error: unknown): never {
  throw trouble(`cannot be used (${amazonFaultName(error)})`)
}

/** The storage's, and none of the trail: whoever verifies it has not found anything. */
function trouble(what: string): Refusal {
  return new Refusal('audit_unavailable', `The storage of the archive ${what}.`)
}
