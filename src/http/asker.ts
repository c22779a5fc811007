/** Who asks: the key check of the routes of every API, and what the routes learn from it. */
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Refusal } from '../errors.ts'
import { addressHex } from '../model/address.ts'
import type { ApiName } from '../model/api-key.ts'
import { type Asker, authenticate, type Identity, presumedIdentity } from '../vault/vault.ts'
import { onlyTokenOf, tokenOf, unauthenticated } from './authenticate.ts'
import type { Context } from './context.ts'
import { forgetEnvironment, inEnvironment } from './environment.ts'
import { addressOf, clientOf } from './peer.ts'
import { toRefusal } from './problem.ts'
import { putOff } from './put-off.ts'
import { hasSessionCookie, sessionTokenOf } from './session-cookie.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, once a key of the right form was sent. */
    asker: Asker | undefined
    /** What the key leads to: known before the body of a request that has one. */
    identity: Identity | undefined
    /** Whether the key has been checked for this very request. */
    isAuthenticated: boolean
  }
  interface FastifyContextConfig {
    /** Answered without a key. */
    isOpen?: boolean
    /** With an API key alone, which may come as `X-Vault-Token`, too. */
    isKeyOnly?: boolean
    /** No bytes at all are no fields, whatever type they were said to be. */
    isBodyOptional?: boolean
  }
}

type ErrorAnswer = (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) => unknown

const bodyMethods = new Set(['POST', 'PUT', 'PATCH'])

/**
 * Puts the key check before every route of the plugin.
 *
 * @param api which API it is of: keys are shown with the one that they were used through last
 * @param answer how the plugin answers errors; without it, as the server does
 */
export function checkKeysOf(
  app: FastifyInstance,
  context: Context,
  api: ApiName,
  answer: ErrorAnswer = app.errorHandler,
): void {
  app.decorateRequest('asker', undefined)
  app.decorateRequest('identity', undefined)
  app.decorateRequest('isAuthenticated', false)
  checkKeys(app, context, api)
  authenticateBeforeRefusing(app, context, answer)
}

/** The asker of a request that has passed the key check. */
export function askerOf({ asker }: FastifyRequest): Asker {
  if (asker === undefined) throw new Error('The route is served without its key check.')
  return asker
}

/** The identity behind a request with a body. */
export function identityOf({ identity }: FastifyRequest): Identity {
  if (identity === undefined) throw new Error('The route is served without its key check.')
  return identity
}

/**
 * From the headers alone. A request without a body is checked by the operation it asks for, in the same transaction;
 * one with a body is checked before, so that strangers cannot make us read and parse. A key that was good when it was
 * last used is no stranger's: its operation checks it too.
 */
function checkKeys(app: FastifyInstance, context: Context, api: ApiName): void {
  const { vault, metrics, isQueryKeyAccepted } = context
  const readOn = (done: (refusal?: Error) => void) => done(vault.store.isNearlyFull() ? nearlyFull() : undefined)
  app.addHook('onRequest', (request, reply, done) => {
    const { isOpen = false, isKeyOnly = false } = request.routeOptions.config
    if (isOpen) return done()
    try {
      const token = isKeyOnly ? onlyTokenOf(request, metrics) : tokenOf(request, isQueryKeyAccepted, metrics)
      const caller =
        token === undefined
          ? (sessionOf(context, request) ?? machineOf(context, request))
          : callerOf(context, request.raw.socket, token)
      request.asker = { caller, requestId: request.id, address: addressOf(request), api }
      request.asker = inEnvironment(request, reply, request.asker)
      if (!bodyMethods.has(request.method)) return done()
      request.identity = presumedIdentity(vault, request.asker)
      if (request.identity !== undefined) return readOn(done)
    } catch (error) {
      return done(error as Error)
    }
    authenticate(vault, request.asker).then((identity) => {
      request.identity = identity
      request.isAuthenticated = true
      readOn(done)
    }, done)
  })
}

/** A user of the portal. */
function sessionOf({ vault, keyLimiter }: Context, request: FastifyRequest): Asker['caller'] | undefined {
  if (request.headers.cookie === undefined) return undefined
  const token = sessionTokenOf(request)
  if (token === undefined) return undefined
  const hash = vault.keyring.sessionHash(token)
  keyLimiter?.take(hash, performance.now())
  return { kind: 'token', hash }
}

/** What each connection sent last: most send one API key again and again, whose hash never changes. */
const lastSent = new WeakMap<Socket, { readonly token: string; readonly hash: string }>()

function callerOf({ vault, keyLimiter }: Context, socket: Socket, token: string): Asker['caller'] {
  let sent = lastSent.get(socket)
  if (sent?.token !== token) {
    sent = { token, hash: vault.keyring.tokenHash(token) }
    lastSent.set(socket, sent)
  }
  const { hash } = sent
  keyLimiter?.take(hash, performance.now())
  return { kind: 'token', hash }
}

/**
 * Without a key it may be a machine, by its address. Whether it is, the store says, which an address that has failed
 * often of late is not let near: a machine does not fail.
 */
function machineOf({ metrics, failureLimiter }: Context, request: FastifyRequest): Asker['caller'] {
  const address = addressHex(addressOf(request))
  if (address !== undefined) {
    failureLimiter?.check(clientOf(request), performance.now())
    return { kind: 'machine', address }
  }
  metrics.refusedKeys.inc({ reason: 'missing' })
  throw unauthenticated()
}

/** A person has a session, and no key: whichever token the cookie holds, and whether it ever was one. */
function ofPerson(refusal: Refusal, request: FastifyRequest): Refusal {
  if (refusal.code !== 'unauthenticated' || request.headers.authorization !== undefined) return refusal
  return hasSessionCookie(request) ? new Refusal('unauthenticated', 'Your session has ended. Sign in again.') : refusal
}

/** What is left is for the records of reads. A deletion has no body, and is let through. */
function nearlyFull(): Refusal {
  const message = 'The disk is nearly full: nothing was changed. Free some space, or delete secrets, then repeat.'
  return new Refusal('storage_full', message)
}

/** Of requests that have asked the store nothing yet. */
const earlyCodes: ReadonlySet<string> = new Set(['invalid', 'too_large', 'unsupported_media_type', 'storage_full'])

/** A malformed request may not have met its key check yet: whoever has no valid key learns that first. */
function authenticateBeforeRefusing(app: FastifyInstance, context: Context, answer: ErrorAnswer): void {
  const { vault, metrics } = context
  app.setErrorHandler(async (error, request, reply) => {
    const refusal = ofPerson(await rightRefusal(error, request), request)
    forgetEnvironment(reply)
    if (refusal.code === 'unauthenticated' && request.asker !== undefined) {
      metrics.refusedKeys.inc({ reason: request.asker.caller.kind === 'machine' ? 'missing' : 'refused' })
    }
    return answer(refusal.code === 'unauthenticated' ? putOff(context, request, refusal) : refusal, request, reply)
  })

  async function rightRefusal(error: unknown, request: FastifyRequest): Promise<Refusal> {
    const refusal = toRefusal(error)
    const { asker, isAuthenticated } = request
    if (asker === undefined || isAuthenticated || !earlyCodes.has(refusal.code)) return refusal
    try {
      await authenticate(vault, asker)
      return refusal
    } catch (failure) {
      return toRefusal(failure)
    }
  }
}
