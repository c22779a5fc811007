/** The token of a request, as its client sent it, good or not. */
import type { FastifyRequest } from 'fastify'

export function sentToken({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const own = headers['x-vault-token']
  if (own !== undefined) return String(own)
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}
