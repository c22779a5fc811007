/** Answers that are not sent but kept, with a token in their place: `X-Vault-Wrap-TTL`. */

import type { FastifyRequest } from 'fastify'
import { maxWrappingSeconds } from '../../model/wrapping.ts'
import type { Asker } from '../../vault/vault.ts'
import { type Wrapped, wrapAnswer } from '../../vault/wrappings.ts'
import { type Data, isMap } from '../../vault-map.ts'
import { askerOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { addressOf } from '../peer.ts'
import { formatTime } from '../schema.ts'
import { answer, pathOf, VaultRefusal } from './answers.ts'

const seconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }

/** For how long the answer is to be kept; 0 where it is to be sent. @throws VaultRefusal */
export function wrapSecondsOf({ headers }: Pick<FastifyRequest, 'headers'>): number {
  const sent = headers['x-vault-wrap-ttl']
  if (sent === undefined || sent === '') return 0
  const text = String(sent)
  if (text.startsWith('-')) throw wrongTtl('requested wrap ttl cannot be negative')
  const parts = text.match(/\d+(\.\d+)?(ms|[smhd])/g) ?? []
  const isDuration = parts.join('') === text && text.length <= 30
  if (!isDuration && !/^\d{1,9}$/.test(text))
    throw wrongTtl('it must be seconds, or a duration such as 90s, 5m or 1h30m')
  const sum = parts.reduce((all, part) => all + Number.parseFloat(part) * (seconds[part.replace(/[\d.]+/, '')] ?? 0), 0)
  const wanted = Math.ceil(isDuration ? sum : Number(text))
  if (wanted > maxWrappingSeconds) throw wrongTtl(`it must be at most ${maxWrappingSeconds} seconds`)
  return wanted
}

function wrongTtl(why: string): VaultRefusal {
  return new VaultRefusal(400, `error parsing X-Vault-Wrap-TTL header: ${why}`)
}

/** Keeps an answer for whoever got it, by their key: the one that they asked with, or that they were just given. */
export async function keepAnswer(context: Context, request: FastifyRequest, body: object, lifetime: number) {
  const bytes = Buffer.from(JSON.stringify(body))
  const { vault } = context
  const auth = authIn(body)
  const wrapped = await wrapAnswer(vault, receiverOf(context, request, auth), pathOf(request), bytes, lifetime)
  bytes.fill(0)
  const accessor = auth?.['accessor']
  return {
    ...answer(request, {}),
    wrap_info: { ...shown(wrapped), ...(accessor === undefined ? {} : { wrapped_accessor: accessor }) },
  }
}

export function shown({ wrapping, token }: Wrapped) {
  const { id, path, createdAt, expiresAt } = wrapping
  return {
    ...{ token, accessor: String(id), ttl: Math.ceil((expiresAt - createdAt) / 1000) },
    ...{ creation_time: formatTime(createdAt), creation_path: path },
  }
}

function authIn(body: object): Data | undefined {
  return 'auth' in body && isMap(body.auth) ? body.auth : undefined
}

function receiverOf({ vault }: Context, request: FastifyRequest, auth: Data | undefined): Asker {
  const given = auth?.['client_token']
  if (typeof given !== 'string') return askerOf(request)
  const caller = { kind: 'token', hash: vault.keyring.tokenHash(given) } as const
  return { caller, requestId: request.id, address: addressOf(request) }
}
