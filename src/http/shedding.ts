/** Shedding of load: while the server is behind, requests are refused at once, before they cost memory. */
import type { FastifyInstance } from 'fastify'
import { Refusal } from '../errors.ts'
import type { Backlog } from '../store/store.ts'
import { type Budgets, holdBodies } from './bodies.ts'

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
  readonly onShed: (strain: Strain) => void
}

const tickMs = 50
/** The event loop is behind when every one of this many ticks in a row came late: a single pause is none. */
const lateTicks = 5
const lateMs = 250
/** Well below what the batcher refuses by itself, so that who is let in is answered. */
const maxBacklog = 10_000

/** @param delays milliseconds by which the last ticks came late */
export function isBehind(delays: readonly number[]): boolean {
  return delays.length >= lateTicks && Math.min(...delays.slice(-lateTicks)) >= lateMs
}

/** @returns what is held of bodies, for the metrics */
export function shedLoad(app: FastifyInstance, { backlog, onShed }: SheddingOptions): Budgets {
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

  return holdBodies(app, () => refusal('bytes'))

  function refusal(strain: Strain): Refusal {
    onShed(strain)
    const message = 'The server has more to do than it can. Try again shortly.'
    return new Refusal('overloaded', message, { headers: { 'retry-after': '1' } })
  }
}
