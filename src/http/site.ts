/** Where people reach the server, for what is bound to that: passkeys, and the way back from an identity provider. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refusal } from '../errors.ts'
import type { Context } from './context.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The origin that people reach the server at; without it, as they ask. */
    publicUrl: string | undefined
  }
}

/** Has every part of the server know where people reach it, whatever a proxy says, or does not say. */
export function knowSite(app: FastifyInstance, publicUrl: string | undefined): void {
  app.decorate('publicUrl', publicUrl)
}

/** The origin of the portal: by the setting; without it, as the request asks. */
export function originOf({ server, protocol, host }: FastifyRequest): string {
  return server.publicUrl === undefined ? `${protocol}://${host}` : new URL(server.publicUrl).origin
}

/** Whether browsers reach the server over TLS. */
export function isSecure(request: FastifyRequest): boolean {
  return originOf(request).startsWith('https:')
}

/**
 * By the setting; without it, as the browser asks, on this machine alone: elsewhere anybody could say so.
 *
 * @throws Refusal `invalid`
 */
export function siteOf({ publicUrl }: Pick<Context, 'publicUrl'>, { protocol, host }: FastifyRequest) {
  const { origin, hostname } = new URL(publicUrl ?? `${protocol}://${host}`)
  if (publicUrl === undefined && !/^(.+\.)?localhost$|^127\.|^\[::1\]$/.test(hostname)) {
    throw new Refusal('invalid', 'The server does not know its own address: set STRONGROOM_PUBLIC_URL.')
  }
  return { origin, id: hostname }
}
