/**
 * A receiver of syslog, over TCP or TLS: messages of RFC 5424, each with its length before it (RFC 6587 and RFC 5425).
 *
 * The protocol acknowledges nothing. So a connection carries one batch: it is ended, and whoever ends their side in turn has
 * read to its end. One that turns senders away (by their certificate or address) ends it too, unread. If the batch was there
 * by then, the kernel says so by a reset. If it was on its way, that end arrives within a round trip: so long goes by before ours.
 */
import net from 'node:net'
import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import tls from 'node:tls'
import { encodeRecord } from '../audit/record.ts'
import type { StoredRecord } from '../audit/verify.ts'
import { all, NotTaken, type Piece, type Receiver, type Taken } from './receiver.ts'
import type { SinkPlace, SinkTls } from './settings.ts'
import { connectionFault, readTls } from './tls.ts'

type SyslogPlace = Extract<SinkPlace, { readonly kind: 'syslog' }>

const connectMs = 10_000
/** From the first byte to the end. */
const takeMs = 60_000
/** Added to what connecting took, which is a round trip and more. */
const marginMs = 50

/** What a receiver has read it stores a moment later, or never when it is stopped meanwhile. */
const doubtfulMs = 10_000
/** After that its node sends nothing again: that what came next failed is known after so long, and noted before long. */
export const syslogDoubtMs = doubtfulMs + connectMs + takeMs + 10_000

export class SyslogReceiver implements Receiver {
  readonly doubtfulMs = doubtfulMs
  readonly #place: SyslogPlace
  readonly #storeId: string

  constructor(place: SyslogPlace, storeId: string) {
    this.#place = place
    this.#storeId = storeId
  }

  async close(): Promise<void> {}

  async take(pieces: readonly Piece[], stop: AbortSignal): Promise<Taken> {
    const { host, port, tls: files, facility, isConfirmed } = this.#place
    const origin = { storeId: this.#storeId, facility, host: hostField() }
    const frames = pieces.flatMap(({ records }) => records.map((one) => frameOf(one, origin)))
    const beganAt = performance.now()
    const socket = await connect({ host, port }, files, stop)
    try {
      // What receivers say is not looked at, but that they say no more.
      socket.resume()
      const bytes = Buffer.concat(frames)
      const limit = AbortSignal.any([stop, AbortSignal.timeout(takeMs)])
      const roundMs = performance.now() - beganAt + marginMs
      if (isConfirmed) await sendConfirmed(socket, bytes, roundMs, limit)
      else await settled(socket, limit, (done) => socket.end(bytes, done))
      return all
    } finally {
      socket.destroy()
    }
  }
}

async function connect(
  to: { readonly host: string; readonly port: number },
  files: SinkTls | undefined,
  stop: AbortSignal,
): Promise<net.Socket> {
  const material = files === undefined ? undefined : await readTls(files)
  const name = net.isIP(to.host) === 0 ? { servername: to.host } : {}
  let socket: net.Socket
  try {
    socket = material === undefined ? net.connect(to) : tls.connect({ ...to, ...name, ...material })
  } catch (error) {
    // Such as a certificate that is none.
    throw connectionFault(error)
  }
  const event = material === undefined ? 'connect' : 'secureConnect'
  await settled(socket, AbortSignal.any([stop, AbortSignal.timeout(connectMs)]), (done) => socket.once(event, done))
  return socket
}

/** @param roundMs no less than a message to the receiver and back takes */
async function sendConfirmed(socket: net.Socket, bytes: Buffer, roundMs: number, limit: AbortSignal): Promise<void> {
  let isEnded = false
  await settled(socket, limit, (done, failed) => {
    socket.once('end', () => {
      if (isEnded) done()
      else failed(new NotTaken('The receiver broke off before it had everything.'))
    })
    socket.write(bytes, async () => {
      await setTimeout(roundMs)
      isEnded = true
      socket.end()
    })
  })
}

/** Waits for one thing, while anything else may go wrong. */
function settled(
  socket: net.Socket,
  limit: AbortSignal,
  begin: (done: () => void, failed: (error: unknown) => void) => void,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const failed = (error: unknown) => {
      socket.destroy()
      reject(connectionFault(error))
    }
    const late = () =>
      failed(
        new NotTaken('The receiver took too long. One that never ends its side of a connection needs ?confirm=off.'),
      )
    socket.once('error', failed)
    socket.once('close', () => failed(new NotTaken('The receiver broke off.')))
    if (limit.aborted) late()
    limit.addEventListener('abort', late, { once: true })
    begin(() => {
      limit.removeEventListener('abort', late)
      resolve()
    }, failed)
  })
}

export interface Origin {
  readonly storeId: string
  readonly facility: number
  /** Of this machine. */
  readonly host: string
}

/** Strongroom has no number of its own from IANA: this one is for examples (RFC 5612), and names nobody else. */
const structure = 'strongroom@32473'
const severities = { critical: 2, warning: 4, informational: 6 } as const
/** Before what is not ASCII, so that it is read as UTF-8 (RFC 5424, section 6.4). */
const byteOrderMark = '\uFEFF'
/** RFC 5424, section 6: the longest host and the longest kind of message. */
const maxHost = 255
const maxKind = 32

/** One message and its length, in bytes. */
export function frameOf({ record, head }: StoredRecord, { storeId, facility, host }: Origin): Buffer {
  const { accountId, seq, time, action, outcome, format } = record
  const priority = facility * 8 + severities[severityOf(outcome)]
  const fields = {
    store: storeId,
    account: accountId,
    seq,
    format,
    outcome,
    head: Buffer.from(head).toString('hex'),
  }
  const data = Object.entries(fields).map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
  const at = new Date(time).toISOString()
  const text = encodeRecord(record)
  const isAscii = /^[ -~]*$/.test(text)
  const kind = field(action, maxKind)
  const header = `<${priority}>1 ${at} ${host} strongroom ${process.pid} ${kind} [${structure}${data.join('')}]`
  const message = Buffer.from(`${header} ${isAscii ? '' : byteOrderMark}${text}`)
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

/** What somebody should look at. */
export function severityOf(outcome: string): keyof typeof severities {
  if (outcome === 'integrity_failure') return 'critical'
  return outcome === 'ok' || outcome === 'replayed' ? 'informational' : 'warning'
}

function escaped(text: string): string {
  return text.replace(/["\\\]]/g, '\\$&')
}

/** Printable ASCII without blanks, or nothing. */
function field(text: string, length: number): string {
  return text.replace(/[^!-~]/g, '_').slice(0, length) || '-'
}

function hostField(): string {
  return field(hostname(), maxHost)
}
