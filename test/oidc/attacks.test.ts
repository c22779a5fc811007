/**
 * Tokens that must not be accepted, each refused for its own reason and told nothing of it: a table after RFC 8725, the
 * checks of OpenID Connect Core, and what went wrong elsewhere.
 */
import assert from 'node:assert/strict'
import { createHmac, createPublicKey, KeyObject, randomUUID, sign as signBytes } from 'node:crypto'
import { suite, type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { audience, jobClaims, makeKey, type SigningKey, startIssuer, timesAt } from '../support/issuer.ts'
import { startServer } from '../support/server.ts'

const now = Date.UTC(2026, 0, 15, 10, 30)
const second = now / 1000

interface Scene {
  readonly iss: string
  readonly ec: SigningKey
  readonly rsa: SigningKey
  readonly ed: SigningKey
  /** Published by nobody. */
  readonly stranger: SigningKey
}

interface Vector {
  readonly name: string
  readonly fault: string
  readonly token: (scene: Scene) => string
  /** Beside the token in the body. */
  readonly more?: object
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

const claimsOf = (scene: Scene, claims: object = {}): object => ({
  ...{ ...timesAt(now), iss: scene.iss, aud: audience, ...jobClaims },
  ...claims,
})

/** Signs as the algorithm of the key says, whatever the header says. */
function signatureOf(key: SigningKey, data: string): string {
  const privateKey = KeyObject.from(key.privateKey)
  const hash = key.alg === 'EdDSA' ? null : 'sha256'
  return signBytes(hash, Buffer.from(data), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

/** @param header its text, or its members; @param payload likewise */
function forge(key: SigningKey, header: object | string, payload: object | string): string {
  const data = `${encode(header)}.${encode(payload)}`
  return `${data}.${signatureOf(key, data)}`
}

const good = (scene: Scene, claims: object = {}, header: object = {}) =>
  forge(scene.ec, { alg: 'ES256', typ: 'JWT', kid: scene.ec.kid, ...header }, claimsOf(scene, claims))

const pem = (key: SigningKey) =>
  createPublicKey({ key: key.jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' })

const rows = (fault: string, entries: Record<string, (scene: Scene) => string>): Vector[] =>
  Object.entries(entries).map(([name, token]) => ({ name, fault, token }))

const withHeader = (fault: string, headers: readonly object[]): Vector[] =>
  headers.map((header) => ({
    name: `header ${JSON.stringify(header).slice(0, 60)}`,
    fault,
    token: (scene) => good(scene, {}, header),
  }))

const withClaims = (fault: string, all: readonly object[]): Vector[] =>
  all.map((claims) => ({
    name: `claims ${JSON.stringify(claims, (_, value) => (value === undefined ? 'left out' : value)).slice(0, 60)}`,
    fault,
    token: (scene) => good(scene, claims),
  }))

const hmac = (length: number, secret: string | Buffer, scene: Scene, kid: string) => {
  const data = `${encode({ alg: `HS${length}`, typ: 'JWT', kid })}.${encode(claimsOf(scene))}`
  return `${data}.${createHmac(`sha${length}`, secret).update(data).digest('base64url')}`
}

const unsigned = ['none', 'None', 'NONE', 'nOnE'].flatMap((alg) => [
  {
    name: `alg ${alg}, no signature`,
    fault: 'malformed',
    token: (s: Scene) => `${encode({ alg })}.${encode(claimsOf(s))}.`,
  },
  { name: `alg ${alg}, some signature`, fault: 'algorithm', token: (s: Scene) => good(s, {}, { alg }) },
])

const confusions: Vector[] = [256, 384, 512].flatMap((length) =>
  rows('algorithm', {
    [`HS${length} with the RSA key in PEM`]: (s) => hmac(length, pem(s.rsa), s, s.rsa.kid),
    [`HS${length} with the RSA key as a JWK`]: (s) => hmac(length, JSON.stringify(s.rsa.jwk), s, s.rsa.kid),
    [`HS${length} with the modulus`]: (s) => hmac(length, Buffer.from(s.rsa.jwk.n ?? '', 'base64url'), s, s.rsa.kid),
    [`HS${length} with the EC key in PEM`]: (s) => hmac(length, pem(s.ec), s, s.ec.kid),
    [`HS${length} with nothing`]: (s) => hmac(length, '', s, s.ec.kid),
  }),
)

const algorithms: Vector[] = [
  ...withHeader(
    'algorithm',
    [
      ...[
        'es256',
        'ES256 ',
        ' ES256',
        'ES256K',
        'RS1',
        'HS256',
        'dir',
        'A128GCMKW',
        'RSA-OAEP',
        'ECDH-ES',
        'ML-DSA-44',
      ],
      ...['', 'constructor', '__proto__', 'toString'],
    ].map((alg) => ({ alg })),
  ),
  ...withHeader('algorithm', [{ alg: undefined }, { alg: null }, { alg: 256 }, { alg: ['ES256'] }, { alg: { a: 1 } }]),
  // The key is of another kind, or for another algorithm, than the header says.
  ...withHeader(
    'unknown_key',
    ['RS256', 'PS256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'].map((alg) => ({ alg })),
  ),
  ...rows('unknown_key', {
    'RS384 with a key for RS256': (s) => forge(s.rsa, { alg: 'RS384', kid: s.rsa.kid }, claimsOf(s)),
    'PS256 with a key for RS256': (s) => forge(s.rsa, { alg: 'PS256', kid: s.rsa.kid }, claimsOf(s)),
    'ES256 with the id of an RSA key': (s) => forge(s.ec, { alg: 'ES256', kid: s.rsa.kid }, claimsOf(s)),
    'ES256 with the id of an Ed25519 key': (s) => forge(s.ec, { alg: 'ES256', kid: s.ed.kid }, claimsOf(s)),
    'EdDSA with the id of an EC key': (s) => forge(s.ed, { alg: 'EdDSA', kid: s.ec.kid }, claimsOf(s)),
  }),
]

const headers: Vector[] = [
  ...withHeader('header', [
    ...[{ crit: ['exp'] }, { crit: ['b64'], b64: false }, { crit: [] }, { crit: null }, { b64: false }, { b64: true }],
    ...[{ jku: 'https://attacker.example/keys' }, { x5u: 'https://attacker.example/cert' }, { x5c: ['MIIB'] }],
    ...[{ zip: 'DEF' }, { enc: 'A128GCM' }, { cty: 'JWT' }, { epk: {} }, { nonce: 'x' }, { jwk: null }],
    ...['at+jwt', 'application/at+jwt', 'logout+jwt', 'dpop+jwt', 'secevent+jwt', 'JWE', 'kb+jwt', ''].map((typ) => ({
      typ,
    })),
    ...[{ typ: null }, { typ: 1 }, { typ: ['JWT'] }, { kid: 1 }, { kid: null }, { kid: { kid: 'a' } }, { kid: '' }],
    ...[{ kid: 'a'.repeat(600) }, { kid: 'a\u0000b' }, { kid: ['a'] }],
  ]),
  ...withHeader(
    'unknown_key',
    [
      ...['../../../../etc/passwd', '/dev/null', "' or 1=1 --", 'key|/usr/bin/true', '%', '*', '.*', 'constructor'],
      ...['__proto__', 'https://attacker.example/key'],
    ].map((kid) => ({ kid })),
  ),
  ...rows('header', {
    'its own key in the header': (s) =>
      forge(s.stranger, { alg: 'ES256', kid: s.stranger.kid, jwk: s.stranger.jwk }, claimsOf(s)),
    'its own key in the header, under a known id': (s) =>
      forge(s.stranger, { alg: 'ES256', kid: s.ec.kid, jwk: s.stranger.jwk }, claimsOf(s)),
  }),
  ...rows('malformed', {
    'a header with alg twice': (s) => forge(s.ec, `{"alg":"none","alg":"ES256","kid":"${s.ec.kid}"}`, claimsOf(s)),
    'a header with an escaped alg twice': (s) =>
      forge(s.ec, `{"alg":"ES256","\\u0061lg":"none","kid":"${s.ec.kid}"}`, claimsOf(s)),
    'a header that is a list': (s) => forge(s.ec, '[]', claimsOf(s)),
    'a header that is no JSON': (s) => forge(s.ec, '{alg:"ES256"}', claimsOf(s)),
    'a header of 3000 bytes': (s) => forge(s.ec, { alg: 'ES256', kid: s.ec.kid, pad: 'a'.repeat(3000) }, claimsOf(s)),
  }),
]

const parts = (s: Scene) => good(s).split('.') as [string, string, string]
const unknownKey = (scene: Scene, header: object) => forge(scene.stranger, { alg: 'ES256', ...header }, claimsOf(scene))

const signatures: Vector[] = [
  ...rows('signature', {
    "a stranger's signature under a known id": (s) => unknownKey(s, { kid: s.ec.kid }),
    'a flipped bit in the signature': (s) => {
      const [head, payload, signature] = parts(s)
      const bytes = Buffer.from(signature, 'base64url')
      bytes[10] = (bytes[10] ?? 0) ^ 1
      return `${head}.${payload}.${bytes.toString('base64url')}`
    },
    'a shorter signature': (s) => {
      const [head, payload, signature] = parts(s)
      return `${head}.${payload}.${Buffer.from(signature, 'base64url').subarray(0, 63).toString('base64url')}`
    },
    'a longer signature': (s) => {
      const [head, payload, signature] = parts(s)
      return `${head}.${payload}.${Buffer.concat([Buffer.from(signature, 'base64url'), Buffer.of(0)]).toString('base64url')}`
    },
    'the signature of another token': (s) => {
      const [head, payload] = parts(s)
      return `${head}.${payload}.${parts(s)[2]}`
    },
    'the payload of another token': (s) => {
      const [head, , signature] = parts(s)
      return `${head}.${encode(claimsOf(s, { repository_id: '999' }))}.${signature}`
    },
    'a signature of zeros': (s) => `${parts(s).slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}`,
    'a signature of the order of the curve': (s) => {
      const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
      return `${parts(s).slice(0, 2).join('.')}.${Buffer.from(order + order, 'hex').toString('base64url')}`
    },
    'a signature in DER': (s) => {
      const data = parts(s).slice(0, 2).join('.')
      return `${data}.${signBytes('sha256', Buffer.from(data), KeyObject.from(s.ec.privateKey)).toString('base64url')}`
    },
  }),
  ...rows('unknown_key', {
    "a stranger's key": (s) => unknownKey(s, { kid: s.stranger.kid }),
    'no key id, where two keys would do': (s) => good(s, {}, { kid: undefined }),
  }),
]

const forms: Vector[] = rows('malformed', {
  'one part': (s) => parts(s)[0],
  'two parts': (s) => parts(s).slice(0, 2).join('.'),
  'four parts': (s) => `${good(s)}.AAAA`,
  'five parts, as if encrypted': (s) => `${good(s)}.AAAA.AAAA`,
  'an empty header': (s) => `.${parts(s)[1]}.${parts(s)[2]}`,
  'an empty payload': (s) => `${parts(s)[0]}..${parts(s)[2]}`,
  'a prefix': (s) => `Bearer ${good(s)}`,
  'a blank at the end': (s) => `${good(s)} `,
  'a line feed at the end': (s) => `${good(s)}\n`,
  padding: (s) => `${good(s)}==`,
  'the other base64': (s) => `${parts(s)[0]}+/.${parts(s)[1]}.${parts(s)[2]}`,
  'bits that mean nothing': (s) => {
    const [head, payload, signature] = parts(s)
    return `${head}.${payload}.${signature.slice(0, -1)}${String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1)}`
  },
  'the JSON form': (s) => JSON.stringify({ protected: parts(s)[0], payload: parts(s)[1], signature: parts(s)[2] }),
  '20 KiB': (s) => good(s, { pad: 'a'.repeat(20_000) }),
  'half a megabyte of nothing would not even be read; 60 KB': () => 'a'.repeat(60_000),
  'a payload that is a list': (s) => forge(s.ec, { alg: 'ES256', kid: s.ec.kid }, '[]'),
  'a payload that is a text': (s) => forge(s.ec, { alg: 'ES256', kid: s.ec.kid }, '"claims"'),
  'a payload that is null': (s) => forge(s.ec, { alg: 'ES256', kid: s.ec.kid }, 'null'),
  'a payload that is no JSON': (s) => forge(s.ec, { alg: 'ES256', kid: s.ec.kid }, '{'),
  'a payload with a mark before it': (s) =>
    forge(s.ec, { alg: 'ES256', kid: s.ec.kid }, `\ufeff${JSON.stringify(claimsOf(s))}`),
  'a payload of many levels': (s) =>
    forge(
      s.ec,
      { alg: 'ES256', kid: s.ec.kid },
      JSON.stringify(claimsOf(s)).replace(/}$/, `,"a":${'['.repeat(30)}${']'.repeat(30)}}`),
    ),
  'half of a surrogate pair': (s) =>
    forge(s.ec, { alg: 'ES256', kid: s.ec.kid }, JSON.stringify(claimsOf(s)).replace(/}$/, ',"a":"\\ud800"}')),
  ...Object.fromEntries(
    ['iss', 'aud', 'sub', 'exp', 'iat', 'repository_id', 'anything'].map((name) => [
      `${name} twice`,
      (s: Scene) =>
        forge(
          s.ec,
          { alg: 'ES256', kid: s.ec.kid },
          JSON.stringify(claimsOf(s, { anything: 1 })).replace(/}$/, `,"${name}":"attacker"}`),
        ),
    ]),
  ),
})

const issuers: Vector[] = [
  ...rows(
    'no_rule',
    Object.fromEntries(
      ['/', '/x', '.attacker.example', '#', '?a', '%00', ' '].map((end) => [
        `an issuer with ${JSON.stringify(end)} behind it`,
        (s: Scene) => good(s, { iss: s.iss + end }),
      ]),
    ),
  ),
  ...rows('no_rule', {
    'an issuer in capitals': (s) => good(s, { iss: s.iss.toUpperCase() }),
    'an issuer by https': (s) => good(s, { iss: s.iss.replace('http:', 'https:') }),
    'an issuer before which somebody stands': (s) => good(s, { iss: s.iss.replace('//', '//user@') }),
    'another issuer': (s) => good(s, { iss: 'https://token.actions.githubusercontent.com' }),
    'the name of the rule': (s) => good(s, { iss: 'deploy' }),
  }),
  ...withClaims('malformed', [
    ...[{ iss: undefined }, { iss: null }, { iss: 1 }, { iss: '' }, { iss: {} }],
    { iss: ['https://token.actions.githubusercontent.com'] },
  ]),
]

const audiences: Vector[] = withClaims(
  'audience',
  [
    ...[undefined, null, '', 1, true, {}, [], [[audience]], [audience, 'https://other.example'], [audience, audience]],
    ...['https://other.example', `${audience}/`, audience.slice(0, -1), audience.slice(1), audience.toUpperCase()],
    ...[
      `${audience},https://other.example`,
      `${audience} x`,
      ` ${audience}`,
      '*',
      'https://*',
      ['https://other.example'],
    ],
    ...[[null], [{}], { 0: audience, length: 1 }],
  ].map((aud) => ({ aud })),
)

const times: Vector[] = [
  ...withClaims('malformed', [
    ...[undefined, null, String(second + 300), true, [], {}, 0, -1, 1e300].map((exp) => ({ exp })),
    ...[undefined, null, String(second), true, [], -1, 1e12].map((iat) => ({ iat })),
    ...[null, String(second), true, -1].map((nbf) => ({ nbf })),
    ...[
      { exp: second - 1, iat: second },
      { exp: second, iat: second },
    ],
  ]),
  ...withClaims('expired', [
    { exp: second - 30, iat: second - 60 },
    { exp: second - 86_400, iat: second - 90_000 },
  ]),
  ...withClaims('not_yet_valid', [
    ...[{ nbf: second + 31 }, { nbf: second + 86_400 }, { iat: second + 31, nbf: second }],
    { iat: second + 1000, exp: second + 2000 },
  ]),
  ...withClaims('lifetime', [
    { iat: second - 3630, nbf: second - 3630, exp: second + 3600 },
    { iat: second - 86_400, nbf: second - 86_400, exp: second + 86_400 * 365 },
    // Without iat, a token of SPIFFE must end within the hour.
    { iat: undefined, sub: 'spiffe://example.org/ns/prod/sa/app', exp: second + 3631 },
  ]),
]

const contents: Vector[] = [
  ...withClaims(
    'claims',
    [
      ...[
        'repo:acme/app-evil:ref:refs/heads/main',
        'repo:acme/app:ref:refs/heads/main2',
        'repo:evil/app:ref:refs/heads/main',
      ],
      ...[
        'repo:acme/app:ref:refs/heads/main/x',
        'repo:Acme/app:ref:refs/heads/main',
        'repo:acme/app',
        'repo:acme/app:*',
      ],
      ...[
        'xrepo:acme/app:ref:refs/heads/main',
        'repo:acme/app:ref:refs/heads/main ',
        'repo:acme/app:environment:production',
      ],
      ...['repo:acme/app:ref:refs/tags/main', 'repo:acme/app:pull_request', 'spiffe://example.org/app', '*'],
      ...['repo:acme/app:ref:refs/heads/mаin', 'repo:acme/app:ref:refs/heads/', undefined],
    ].map((sub) => ({ sub })),
  ),
  ...withClaims(
    'claims',
    [
      ...[
        '999',
        '0123',
        ' 123',
        '123 ',
        '12',
        '1234',
        '',
        '*',
        1234,
        12.3,
        true,
        null,
        undefined,
        {},
        [],
        ['999'],
        [['123']],
      ],
      ...[{ id: '123' }, [{ id: '123' }], Number.MAX_SAFE_INTEGER + 2],
    ].map((repository_id) => ({ repository_id })),
  ),
  ...withClaims(
    'claims',
    ['pull_request', 'pull_request_target', 'pull_request_review'].map((event_name) => ({ event_name })),
  ),
  ...withClaims(
    'malformed',
    [[jobClaims.sub], { sub: jobClaims.sub }, 1, null, '', 'a'.repeat(600), 'a\u0007'].map((sub) => ({ sub })),
  ),
  ...withClaims(
    'malformed',
    [1, null, {}, [], '', 'a'.repeat(600)].map((jti) => ({ jti })),
  ),
]

const places: Vector[] = [
  { account: 'nobody' },
  { account: 'other' },
  { account: 'Default' },
  { account: '' },
  { rule: 'nothing' },
  { rule: 'Deploy' },
  { rule: '' },
  { rule: 'elsewhere' },
  { rule: '*' },
].map((more) => ({ name: JSON.stringify(more), fault: 'no_rule', token: (s) => good(s), more }))

const vectors: readonly Vector[] = [
  ...unsigned,
  ...confusions,
  ...algorithms,
  ...headers,
  ...signatures,
  ...forms,
  ...issuers,
  ...audiences,
  ...times,
  ...contents,
  ...places,
]

for (const engine of engines) {
  suite(`${engine.name}: a token`, { skip: engine.skip }, () => {
    test(`that somebody made up is refused, each of ${vectors.length}, and told nothing`, async (t) => {
      const { scene, nobody, api, faultsOf } = await start(t)
      const trade = (token: string, more: object = {}) => nobody.post('/v3/auth/oidc', { token, ...more })
      assert.ok(vectors.length >= 120)
      assert.equal((await trade(good(scene))).status, 201)

      const told = new Set<string>()
      const wrong: string[] = []
      for (const { name, fault, token, more } of vectors) {
        const answer = await trade(token(scene), more)
        const [found] = faultsOf(answer.body.request_id)
        if (answer.status !== 401 || found !== fault) wrong.push(`${name}: ${answer.status} ${found}, not ${fault}`)
        told.add(JSON.stringify({ ...answer.body, request_id: '' }))
      }

      assert.deepEqual(wrong, [])
      assert.equal(told.size, 1)
      assert.deepEqual(JSON.parse([...told][0] ?? '').code, 'invalid_credentials')
      assert.equal((await trade(good(scene))).status, 201)
      assert.equal((await api.get('/v3/keys')).body.keys.length, 3)
    })

    async function start(t: TestContext) {
      const lines: { requestId?: string; fault?: string }[] = []
      const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
      const outboundAllowances = [parseAllowance('127.0.0.1') ?? assert.fail()]
      const server = await startServer(t, engine, { outboundAllowances, now: () => now, logger })
      const issuer = await startIssuer(t, () => now)
      const [ec] = issuer.keys
      assert.ok(ec)
      const [rsa, ed, stranger, second] = await Promise.all(
        ['RS256', 'EdDSA', 'ES256', 'ES256'].map((alg) => makeKey(alg)),
      )
      assert.ok(rsa && ed && stranger && second)
      issuer.keys = [ec, rsa, ed, second]
      const rule = {
        ...{ name: 'deploy', issuer: issuer.url, audience, scopes: ['secrets:read'] },
        claims: { sub: jobClaims.sub, repository_id: '123' },
      }
      assert.equal((await server.api.post('/v3/trust-rules', rule)).status, 201)
      const elsewhere = { ...rule, name: 'elsewhere', issuer: 'https://gitlab.example.com' }
      assert.equal((await server.api.post('/v3/trust-rules', elsewhere)).status, 201)
      await server.otherAccount()
      const scene: Scene = { iss: issuer.url, ec, rsa, ed, stranger }
      const faultsOf = (id: string) =>
        lines.flatMap(({ requestId, fault }) => (requestId === id && fault ? [fault] : []))
      return { scene, api: server.api, nobody: new Api(server.url, randomUUID()), faultsOf }
    }
  })
}
