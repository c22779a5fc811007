/** Where issuers keep their keys: rotation, outages, and issuers that misbehave, by real HTTP. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { suite, type TestContext, test } from 'node:test'
import { documentLimits, Issuers } from '../../src/oidc/issuers.ts'
import { checkSignature } from '../../src/oidc/keys.ts'
import { readToken } from '../../src/oidc/token.ts'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { guardedFetch } from '../../src/outbound/fetch.ts'
import { makeKey, type SigningKey, startIssuer } from '../support/issuer.ts'

const minute = 60_000

async function start(t: TestContext, alg?: string) {
  const clock = { now: Date.UTC(2026, 0, 15) }
  const issuer = await startIssuer(t, () => clock.now, alg)
  const limits = { ...documentLimits, allowances: [parseAllowance('127.0.0.1') ?? assert.fail()] }
  const issuers = new Issuers(
    (url) => guardedFetch(url, limits),
    () => clock.now,
  )
  /** `ok`, or why not. */
  const check = async (key?: SigningKey, jwksUrl: string | null = null) => {
    const token = readToken(await issuer.token({}, {}, key))
    try {
      await checkSignature(token, await issuers.keyFor({ issuer: issuer.url, jwksUrl }, token))
      return 'ok'
    } catch (error) {
      return (error as { fault?: string }).fault ?? String(error)
    }
  }
  return { clock, issuer, check }
}

suite('The keys of an issuer', () => {
  for (const alg of ['RS256', 'PS256', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']) {
    test(`are used with ${alg}`, async (t) => {
      const { check, issuer } = await start(t, alg)

      assert.equal(await check(), 'ok')
      // A key that does not say which algorithm it is for is taken for those of its kind.
      issuer.keys = issuer.keys.map((key) => ({ ...key, jwk: { ...key.jwk, alg: undefined } as never }))
      assert.equal(await check(), 'ok')
    })
  }

  test('are fetched once for many tokens at a time, and kept', async (t) => {
    const { clock, check, issuer } = await start(t)

    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => check()))), new Set(['ok']))
    clock.now += 9 * minute
    assert.equal(await check(), 'ok')
    assert.deepEqual(issuer.asked, ['/.well-known/openid-configuration', '/keys'])
    clock.now += 2 * minute
    assert.equal(await check(), 'ok')
    assert.equal(issuer.asked.length, 4)
  })

  test('are looked for anew when a token has another one, twice a minute at most', async (t) => {
    const { clock, check, issuer } = await start(t)
    const [old] = issuer.keys
    assert.equal(await check(), 'ok')
    clock.now += minute

    const next = await issuer.rotate()
    assert.equal(await check(next), 'ok')
    assert.equal(await check(old), 'unknown_key')
    const stranger = await makeKey('ES256')
    for (let at = 0; at < 20; at++) assert.equal(await check(stranger), 'unknown_key')
    assert.equal(issuer.asked.length, 4)
    const later = await issuer.rotate()
    assert.equal(await check(later), 'unknown_key')
    clock.now += minute / 2
    assert.equal(await check(later), 'ok')
    assert.equal(issuer.asked.length, 6)
  })

  test('that are known are good through an outage of an hour, and no others are', async (t) => {
    const { clock, check, issuer } = await start(t)
    assert.equal(await check(), 'ok')
    issuer.misbehave = (_request, answer) => answer.writeHead(503).end() && true
    const stranger = await makeKey('ES256')

    for (const minutes of [11, 20, 28]) {
      clock.now += minutes * minute
      assert.equal(await check(), 'ok')
      assert.equal(await check(stranger), 'unknown_key')
    }
    clock.now += minute
    assert.equal(await check(), 'issuer_unreachable')
    issuer.misbehave = undefined
    assert.equal(await check(), 'issuer_unreachable')
    clock.now += minute
    assert.equal(await check(), 'ok')
  })

  const answers: Record<string, (answer: ServerResponse, path: string, url: string) => unknown> = {
    refuses: (answer) => answer.writeHead(500).end(),
    'leads elsewhere': (answer, path) => answer.writeHead(302, { location: `${path}?again` }).end(),
    'answers no JSON': (answer) => answer.end('<html>'),
    'answers JSON with a field twice': (answer) => answer.end('{"issuer":"a","issuer":"b"}'),
    'answers a list': (answer) => answer.end('[]'),
    'answers nothing': (answer) => answer.end(''),
    'answers without end': (answer) => answer.end(`{"keys":[],"pad":"${'a'.repeat(documentLimits.maxBytes)}"}`),
    'hangs up': (answer) => answer.destroy(),
    'calls itself something else': (answer, _path, url) =>
      answer.end(JSON.stringify({ issuer: `${url}/`, jwks_uri: `${url}/keys` })),
    'has no keys': (answer, _path, url) => answer.end(JSON.stringify({ issuer: url })),
    'has its keys inside': (answer, _path, url) =>
      answer.end(JSON.stringify({ issuer: url, jwks_uri: 'http://169.254.169.254/keys' })),
    'has its keys in a file': (answer, _path, url) =>
      answer.end(JSON.stringify({ issuer: url, jwks_uri: 'file:///etc/passwd' })),
    'has its keys at another port': (answer, _path, url) =>
      answer.end(JSON.stringify({ issuer: url, jwks_uri: 'https://8.8.8.8:22/keys' })),
  }
  for (const [what, answerWith] of Object.entries(answers)) {
    test(`are not taken from an issuer that ${what}`, async (t) => {
      const { check, issuer } = await start(t)
      issuer.misbehave = (request, answer) => {
        answerWith(answer, request.url ?? '', issuer.url)
        return true
      }

      assert.equal(await check(), 'issuer_unreachable')
      assert.equal(issuer.asked.length, 1)
    })
  }

  test('are not taken when there is a private one among them, or too many', async (t) => {
    for (const extra of [{ kty: 'oct', k: 'AA' }, { d: 'AA' }, 'text', null]) {
      const { check, issuer } = await start(t)
      issuer.misbehave = ({ url }, answer) => {
        if (url !== '/keys') return false
        answer.end(JSON.stringify({ keys: [...issuer.keys.map(({ jwk }) => jwk), extra] }))
        return true
      }
      assert.equal(await check(), 'issuer_unreachable', JSON.stringify(extra))
    }
  })

  test('are left out when they are for something else, and refused when two have one id', async (t) => {
    for (const part of [{ use: 'enc' }, { key_ops: ['sign'] }, { alg: 'ES384' }, { kty: 'OKP' }, { kid: 'other' }]) {
      const { check, issuer } = await start(t)
      issuer.keys = issuer.keys.map((key) => ({ ...key, jwk: { ...key.jwk, ...part } as never }))
      assert.equal(await check(), 'unknown_key', JSON.stringify(part))
    }
    const { check, issuer } = await start(t)
    const [first] = issuer.keys
    assert.ok(first)
    const second = await makeKey('ES256')
    issuer.keys = [{ ...second, jwk: { ...second.jwk, kid: first.kid } }, first]
    assert.equal(await check(first), 'unknown_key')
  })

  test('are found at the place that a rule names, without asking the issuer for it', async (t) => {
    const { check, issuer } = await start(t)

    assert.equal(await check(undefined, `${issuer.url}/keys`), 'ok')
    assert.deepEqual(issuer.asked, ['/keys'])
  })
})
