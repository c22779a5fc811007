/** Shedding of load: while the server is behind, requests are refused at once, before they cost memory. */
import type { FastifyInstance } from 'fastify'
import { Refusal } from '../errors.ts'
import type { Backlog } from '../store/store.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered however much there is to do. */
    isNeverShed?: boolean
  }
}

/** Why a request is refused: the event loop is behind, the store is, or the bodies that are being read take too much. */
export type Strain = 'delay' | 'backlog' | 'bytes'

export interface SheddingOptions {
  readonly backlog: () => Backlog
  /** The longest body, in bytes. */
  readonly bodyLimit: number
  readonly onShed: (strain: Strain) => void
}

const tickMs = 50
/** The event loop is behind when every one of this many ticks in a row came late: a single pause is none. */
const lateTicks = 5
const lateMs = 250
/** Well below what the batcher refuses by itself, so that who is let in is answered. */
const maxBacklog = 10_000
/** Of all bodies together: many of ordinary size, and some of the longest. */
const maxBodyBytes = 64 * 2 ** 20

/** @param delays milliseconds by which the last ticks came late */
export function isBehind(delays: readonly number[]): boolean {
  return delays.length >= lateTicks && Math.min(...delays.slice(-lateTicks)) >= lateMs
}

export function shedLoad(app: FastifyInstance, { backlog, bodyLimit, onShed }: SheddingOptions): void {
  let delays: readonly number[] = []
  let isLate = false
  let expected = performance.now() + tickMs
  const timer = setInterval(() => {
    const now = performance.now()
    delays = [...delays, now - expected].slice(-lateTicks)
    isLate = isBehind(delays)
    expected = now + tickMs
  }, tickMs)
  timer.unref()
  app.addHook('onClose', (_app, done) => {
    clearInterval(timer)
    done()
  })

  app.addHook('onRequest', (request, _reply, done) => {
    if (!isLate && backlog().waiting < maxBacklog) return done()
    if (request.routeOptions.config.isNeverShed === true) return done()
    done(refusal(isLate ? 'delay' : 'backlog'))
  })

  // After the key check: a stranger's body is never read, and takes nobody's room.
  let bytes = 0
  const held = new WeakMap<object, number>()
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const length = request.headers['content-length']
    const isChunked = request.headers['transfer-encoding'] !== undefined
    if (length === undefined && !isChunked) return done()
    const size = isChunked ? bodyLimit : Math.min(Number(length), bodyLimit)
    if (bytes > 0 && bytes + size > maxBodyBytes) return done(refusal('bytes'))
    bytes += size
    held.set(request.raw, size)
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    const size = held.get(request.raw)
    if (size !== undefined) {
      held.delete(request.raw)
      bytes -= size
    }
    done()
  })

  function refusal(strain: Strain): Refusal {
    onShed(strain)
    const message = 'The server has more to do than it can. Try again shortly.'
    return new Refusal('overloaded', message, { headers: { 'retry-after': '1' } })
  }
}
