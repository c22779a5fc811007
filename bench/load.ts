/**
 * A load generator: so many connections, each with one request on its way. Speaks just enough HTTP/1.1 over plain
 * sockets to cost little beside the server that it measures. Run as a process of its own by measure.ts.
 */
import { connect, type Socket } from 'node:net'

export interface Load {
  readonly port: number
  /** Whom connections ask, in turn, where it is not the one of `port` and `key` alone. */
  readonly targets?: readonly { readonly port: number; readonly key: string }[]
  readonly connections: number
  readonly seconds: number
  /** Ends after so many requests, if the seconds are not over before. */
  readonly requests?: number
  /** `vault`: a read over the Vault API, of what `fill` has made. */
  readonly kind: 'constant' | 'read' | 'vault' | 'create'
  readonly key: string
  /** Secrets to read: ids from 1 to this. */
  readonly secrets: number
  /** Makes names of created secrets unique over loads. */
  readonly prefix: string
}

export interface Measured {
  readonly requests: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failed: number
}

const load = JSON.parse(process.argv[2] ?? '{}') as Load
const until = performance.now() + load.seconds * 1000
const latencies: number[] = []
let failed = 0
let count = 0

await Promise.all(Array.from({ length: load.connections }, (_, at) => runConnection(at)))
latencies.sort((a, b) => a - b)
const measured: Measured = {
  requests: latencies.length,
  perSecond: Math.round(latencies.length / load.seconds),
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
  failed,
}
console.log(JSON.stringify(measured))

function runConnection(at: number): Promise<void> {
  const targets = load.targets ?? [load]
  const { port, key } = targets[at % targets.length] ?? load
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    let received = ''
    let sentAt = 0
    const send = () => {
      sentAt = performance.now()
      if (sentAt >= until || count >= (load.requests ?? Number.POSITIVE_INFINITY)) {
        socket.end()
        resolve()
      } else socket.write(nextRequest(key))
    }
    socket.once('connect', send)
    socket.once('error', reject)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      received += text
      const status = completeStatus(received)
      if (status === undefined) return
      received = ''
      latencies.push(performance.now() - sentAt)
      if (status < 200 || status > 299) failed++
      keepOpen(socket)
      send()
    })
  })
}

/** The status of a whole answer, or `undefined` while some of it is missing. */
function completeStatus(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1])
  return text.length >= end + 4 + length ? Number(text.slice(9, 12)) : undefined
}

function nextRequest(key: string): string {
  count++
  const head = `Host: localhost\r\nAuthorization: Bearer ${key}\r\n`
  if (load.kind !== 'create') {
    return `GET ${pathOf(load.kind)} HTTP/1.1\r\n${head}\r\n`
  }
  const body = JSON.stringify({ name: `${load.prefix}-${count}`, value: 's3cur3-p4ssw0rd-of-some-length' })
  return `POST /v3/secrets HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

function pathOf(kind: Exclude<Load['kind'], 'create'>): string {
  const at = 1 + (count % load.secrets)
  return { constant: '/', read: `/v3/secrets/${at}`, vault: `/v1/secret/data/bench-0-${at}` }[kind]
}

function keepOpen(socket: Socket): void {
  if (socket.destroyed) throw new Error('The server closed a connection.')
}

function percentile(part: number): number {
  const at = Math.min(latencies.length - 1, Math.floor(latencies.length * part))
  return Math.round((latencies[at] ?? 0) * 100) / 100
}
