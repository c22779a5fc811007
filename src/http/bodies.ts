/** The bodies of requests: counted as they come, within what all of them together may take, and given back in the end. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Refusal } from '../errors.ts'
import { clientOf } from './peer.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What its body takes, from when it may be read. */
    bodyHold: Hold | undefined
  }
}

/** Whose body it is: of somebody whose key was checked, or of anybody. The one cannot take the other's room. */
export const senders = ['known', 'stranger'] as const

type Sender = (typeof senders)[number]

/** Of all bodies of one kind of sender together: many of ordinary size, and some of the longest. */
const maxBytes: Record<Sender, number> = { known: 64 * 2 ** 20, stranger: 8 * 2 ** 20 }
/** One account, or one address of strangers, takes at most this part while it sends several. */
const shareOfOne = 1 / 4
/** Of a stranger: no route that is open to them takes more. */
const longestOfStranger = 64 * 1024
/** What it costs to keep a piece apart, however short it is. */
const pieceBytes = 128
/** Who holds nothing is remembered up to here: a map that one enters and leaves with every body makes garbage that lives long. */
const maxIdleHolders = 1000

/** How many bytes are held, and by whom. */
export class Budget {
  readonly #max: number
  readonly #byHolder = new Map<string, number>()
  #bytes = 0

  constructor(max: number) {
    this.#max = max
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * @param own what the request holds already: one that is alone may be as long as it likes
   * @returns whether there was room
   */
  take(holder: string, own: number, bytes: number): boolean {
    const held = this.#byHolder.get(holder) ?? 0
    const isTooMuch = this.#bytes + bytes > this.#max && this.#bytes > own
    if (isTooMuch || (held + bytes > this.#max * shareOfOne && held > own)) return false
    this.#byHolder.set(holder, held + bytes)
    this.#bytes += bytes
    return true
  }

  giveBack(holder: string, bytes: number): void {
    if (bytes === 0) return
    const left = (this.#byHolder.get(holder) ?? 0) - bytes
    if (left > 0 || this.#byHolder.size <= maxIdleHolders) this.#byHolder.set(holder, left)
    else this.#byHolder.delete(holder)
    this.#bytes -= bytes
  }
}

/** What one request holds of a budget. */
export class Hold {
  readonly #budget: Budget
  readonly #holder: string
  readonly #makeRefusal: () => Refusal
  #bytes = 0
  #isOver = false

  constructor(budget: Budget, holder: string, makeRefusal: () => Refusal) {
    this.#budget = budget
    this.#holder = holder
    this.#makeRefusal = makeRefusal
  }

  /** @returns why there is no room, when there is none */
  take(bytes: number): Refusal | undefined {
    if (this.#isOver) return brokenOff()
    if (!this.#budget.take(this.#holder, this.#bytes, bytes)) return this.#makeRefusal()
    this.#bytes += bytes
    return undefined
  }

  giveBack(): void {
    this.#isOver = true
    this.#budget.giveBack(this.#holder, this.#bytes)
    this.#bytes = 0
  }
}

export type Budgets = Readonly<Record<Sender, Budget>>

/**
 * From now on each body has its hold, after the key check: what a stranger sends takes no room of those with a key.
 *
 * @param refuseFull makes the refusal of a body for which there is no room
 * @returns what is held, for the metrics
 */
export function holdBodies(app: FastifyInstance, refuseFull: () => Refusal): Budgets {
  const budgets = { known: new Budget(maxBytes.known), stranger: new Budget(maxBytes.stranger) }
  app.decorateRequest('bodyHold', undefined)
  app.addHook('preParsing', (request, reply, _payload, done) => {
    if (!announcesBody(request.raw)) return done()
    const { identity } = request
    const hold =
      identity === undefined
        ? new Hold(budgets.stranger, clientOf(request), refuseFull)
        : new Hold(budgets.known, String(identity.accountId), refuseFull)
    request.bodyHold = hold
    whenOver(reply, () => hold.giveBack())
    done()
  })
  return budgets
}

/**
 * The whole body. Of a path that is not there nothing is read.
 *
 * @param limit the longest, in bytes
 * @throws Refusal `too_large`, `overloaded`
 */
export function readBody(request: FastifyRequest, payload: IncomingMessage, limit: number): Promise<Buffer> {
  const { bodyHold: hold } = request
  const longest = request.identity === undefined ? Math.min(limit, longestOfStranger) : limit
  if (request.is404 || hold === undefined) return Promise.resolve(Buffer.alloc(0))
  if (Number(request.headers['content-length'] ?? 0) > longest) return Promise.reject(tooLong())
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let length = 0
    const onData = (piece: Buffer) => {
      length += piece.length
      const refusal = length > longest ? tooLong() : hold.take(piece.length + pieceBytes)
      if (refusal === undefined) pieces.push(piece)
      else end(() => reject(refusal))
    }
    const onEnd = () => end(() => resolve(Buffer.concat(pieces, length)))
    const onError = () => end(() => reject(brokenOff()))
    const end = (settle: () => void) => {
      payload.off('data', onData).off('end', onEnd).off('error', onError)
      // What breaks off later is nobody's concern.
      payload.on('error', () => {})
      settle()
    }
    payload.on('data', onData).on('end', onEnd).on('error', onError)
  })
}

/** Calls once when the exchange is over, however it ends: answered, or its connection gone. */
export function whenOver({ raw }: FastifyReply, call: () => void): void {
  // Not onResponse, which a caller that hangs up never comes to.
  if (raw.destroyed) call()
  else raw.once('close', call)
}

/** Whether a request says that a body comes with it. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Read by nobody, as whoever sent the body is gone. */
function brokenOff(): Refusal {
  return new Refusal('request_timeout', 'The body did not come to its end. Send it again.')
}

function tooLong(): Refusal {
  return new Refusal('too_large', 'The body is longer than any valid request.')
}
