/** Where people reach the server, for what is bound to that: passkeys, and the way back from an identity provider. */
import type { FastifyRequest } from 'fastify'
import { Refusal } from '../errors.ts'
import type { Context } from './context.ts'

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
