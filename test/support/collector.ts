/** A collector of traces that keeps what it is sent, and reads Protobuf by hand: not with the code that wrote it. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

export interface SentSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty when it has none. */
  readonly parentId: string
  readonly name: string
  /** 2 for a server's, 3 for a client's. */
  readonly kind: number
  /** Nanoseconds since 1970. */
  readonly start: bigint
  readonly end: bigint
  readonly attributes: Readonly<Record<string, string | number>>
  /** 2 for an error. */
  readonly status: number
  /** Of the process that sent it. */
  readonly resource: Readonly<Record<string, string | number>>
}

export interface Collector {
  readonly url: string
  readonly bodies: readonly Buffer[]
  readonly headers: readonly IncomingHttpHeaders[]
  spans(): readonly SentSpan[]
}

/** @param status what it answers; `undefined` when it never does */
export async function startCollector(t: Pick<TestContext, 'after'>, status?: number): Promise<Collector> {
  const bodies: Buffer[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    bodies.push(Buffer.concat(chunks))
    headers.push(request.headers)
    if (status !== undefined) response.writeHead(status).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
  return { url, bodies, headers, spans: () => bodies.flatMap(spansIn) }
}

type Field = bigint | Buffer

/** The fields of a message by number: whole numbers as such, and everything else as bytes. */
function fieldsOf(bytes: Buffer): (number: number) => readonly Field[] {
  const fields = new Map<number, Field[]>()
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number) => {
    at += length
    return bytes.subarray(at - length, at)
  }
  const readers: Record<number, () => Field> = {
    0: varint,
    1: () => take(8),
    2: () => take(Number(varint())),
    5: () => take(4),
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const value = readers[tag & 7]?.()
    if (value === undefined) throw new Error(`Not Protobuf: tag ${tag}.`)
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
  }
  return (number) => fields.get(number) ?? []
}

const messages = (fields: readonly Field[]) => fields.map((field) => fieldsOf(field as Buffer))
const hex = ([field]: readonly Field[]) => (field as Buffer | undefined)?.toString('hex') ?? ''
const text = ([field]: readonly Field[]) => (field as Buffer | undefined)?.toString() ?? ''
const whole = ([field]: readonly Field[]) => Number(field ?? 0n)

function spansIn(body: Buffer): SentSpan[] {
  return messages(fieldsOf(body)(1)).flatMap((resourceSpans) => {
    const [resource] = messages(resourceSpans(1))
    const sent = messages(resourceSpans(2)).flatMap((scope) => messages(scope(2)))
    return sent.map((span) => ({
      traceId: hex(span(1)),
      spanId: hex(span(2)),
      parentId: hex(span(4)),
      name: text(span(5)),
      kind: whole(span(6)),
      start: (span(7)[0] as Buffer).readBigUInt64LE(),
      end: (span(8)[0] as Buffer).readBigUInt64LE(),
      attributes: attributesOf(span(9)),
      status: messages(span(15)).map((status) => whole(status(3)))[0] ?? 0,
      resource: attributesOf(resource?.(1) ?? []),
    }))
  })
}

function attributesOf(fields: readonly Field[]): Record<string, string | number> {
  const pairs = messages(fields).map((pair) => {
    const [value] = messages(pair(2))
    const [string] = value?.(1) ?? []
    return [text(pair(1)), string === undefined ? whole(value?.(3) ?? []) : text([string])] as const
  })
  return Object.fromEntries(pairs)
}
