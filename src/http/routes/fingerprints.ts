/** `/v3/fingerprints`: what it takes to find leaked values in a text, without the values. */
import { Type } from 'typebox'
import { Refusal } from '../../errors.ts'
import { makeFingerprints } from '../../vault/fingerprints.ts'
import { askerOf, identityOf } from '../asker.ts'
import { RateLimiter } from '../limits.ts'
import { defineRoute, json, noParams, type Route } from '../route.ts'
import { NoQuery } from '../schema.ts'

const Int = Type.Integer({ minimum: 0 })
const version = { id: Int, name: Type.String(), version: Int }
const Answer = Type.Object(
  {
    base: Int,
    mix: Int,
    mac_key: Type.String({ description: 'hexadecimal' }),
    fingerprints: Type.Array(
      Type.Object(
        {
          ...version,
          form: Type.String({ description: 'how the value is written: raw, line-ends, one-line, base64, json or url' }),
          length: Int,
          offset: Int,
          filter: Int,
          mac: Type.String({ description: 'hexadecimal' }),
        },
        { title: 'Fingerprint', description: 'By which one value is recognized.' },
      ),
    ),
    unscannable: Type.Array(
      Type.Object(
        { ...version, reason: Type.String({ description: 'short, guessable, tag or unresolved' }) },
        { title: 'Unscannable', description: 'A value that cannot be looked for.' },
      ),
    ),
  },
  {
    title: 'Fingerprints',
    description: 'What it takes to find values in a text without knowing them: see docs/scan.md.',
  },
)

const maxPart = 10_000
/** Each opens every value of an account. */
const perSecond = 1

export const fingerprintRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/fingerprints',
    operationId: 'createFingerprints',
    tag: 'Scanning',
    summary: 'Make fingerprints of values',
    description:
      'Of every version that is kept of the secrets that `names` matches, as far as their values are long and random enough: see docs/scan.md. With the scope `secrets:scan` or `secrets:read`. One at a time for an account.',
    scope: ['secrets:scan', 'secrets:read'],
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            limit: Type.Optional(
              Type.Integer({
                minimum: 1,
                maximum: maxPart,
                description: 'a number from 1 to 10000',
                'x-about':
                  'Has the answer hold about so many, and `Strongroom-Next-Cursor` lead to the next part, under the same keys. Without it all are answered, or none where they are more than 100000.',
              }),
            ),
            cursor: Type.Optional(Type.String({ maxLength: 512, description: 'one that an earlier answer gave' })),
            names: Type.Optional(
              Type.String({ maxLength: 255, description: 'a name, or a pattern such as prod-*; all without it' }),
            ),
          },
          {
            title: 'FingerprintFilter',
            additionalProperties: false,
            description: 'Of which secrets.',
            examples: [{ names: 'db-*' }],
          },
        ),
      ),
      answers: { 200: Answer },
      refusals: [],
    },
    headers: { takes: [], gives: ['Strongroom-Next-Cursor'] },
    use: ({ vault, keyLimiter, metrics }) => {
      const onLimit = () => metrics.limitedRequests.inc({ limit: 'fingerprints' })
      const limiter = keyLimiter === undefined ? undefined : new RateLimiter(perSecond, onLimit)
      const running = new Set<number>()
      return async (request, reply) => {
        const { accountId } = identityOf(request)
        const { names, limit, cursor } = request.body
        // The next part of a set is as little work as the limit says.
        if (cursor === undefined) limiter?.take(String(accountId), performance.now())
        if (running.has(accountId)) throw oneAtATime()
        running.add(accountId)
        try {
          const part = { limit: limit ?? (cursor === undefined ? undefined : maxPart), cursor }
          const set = await makeFingerprints(vault, askerOf(request), names, part)
          const { macKey, fingerprints, next, ...rest } = set
          if (next !== undefined) reply.header('strongroom-next-cursor', next)
          const shown = fingerprints.map(({ mac, ...one }) => ({ ...one, mac: Buffer.from(mac).toString('hex') }))
          return { ...rest, mac_key: macKey.toString('hex'), fingerprints: shown }
        } finally {
          running.delete(accountId)
        }
      }
    },
  }),
]

function oneAtATime(): Refusal {
  const message = 'Fingerprints are being made for this account already. Wait as long as Retry-After says.'
  return new Refusal('rate_limited', message, { headers: { 'retry-after': '2' } })
}
