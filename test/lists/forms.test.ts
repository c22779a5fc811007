/** Forms of the Secret Lists API: a value is kept as it was sent, or refused; and what every answer tells beside it. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { parseForm } from '../../src/http/secret-lists/form.ts'
import { ask } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { startServer, type TestServer } from '../support/server.ts'
import type { Came } from './clients.ts'

const formType = 'application/x-www-form-urlencoded'

function callerOf({ url, api }: Pick<TestServer, 'url' | 'api'>) {
  return async (method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}) => {
    const sent = { ...(body === undefined ? {} : { 'content-type': formType }), ...headers }
    const answer = await ask(`${url}/api/${path}?key=${api.key}`, method, sent, body)
    return { status: answer.status, headers: answer.headers, body: answer.body as Came['body'] }
  }
}

for (const engine of engines) {
  suite(`${engine.name}: a form of the Secret Lists API`, { skip: engine.skip }, () => {
    test('that is no UTF-8 is refused, and nothing else is stored in its place', async (t) => {
      const server = await startServer(t, engine)
      const call = callerOf(server)
      await call('POST', 'secrets/lists', 'name=prod')

      for (const body of [
        Buffer.from('secret_key=A&secret_value=a\xffb', 'latin1'),
        'secret_key=A&secret_value=a%FFb',
        'secret_key=A&secret_value=%ED%A0%80',
        'secret_key=%C3&secret_value=x',
      ]) {
        const { status, body: answer } = await call('POST', 'secrets/lists/prod/values', body)
        assert.deepEqual([status, Object.keys(answer.fields ?? {})], [422, ['body']], String(body))
      }
      const latin = { 'content-type': `${formType}; charset=iso-8859-1` }
      assert.equal((await call('POST', 'secrets/lists/prod/values', 'secret_key=A&secret_value=x', latin)).status, 415)
      assert.deepEqual((await call('GET', 'secrets/lists/prod/values')).body.data, [])
    })

    test('of the longest file, in whatever base64, is taken', async (t) => {
      const server = await startServer(t, engine)
      const call = callerOf(server)
      await server.api.post('/v3/secrets', { name: 'file', type: 'file', value: '' })

      for (const file of [randomBytes(1024 * 1024), Buffer.alloc(1024 * 1024, 0xff)]) {
        const base64 = file.toString('base64')
        const form = new URLSearchParams({ secret_value: base64 }).toString()
        assert.equal((await call('POST', 'secrets/lists/default/values/file', form)).status, 200)
        assert.equal((await server.api.get('/v3/secrets/1')).body.value, base64)
      }
    })

    test('and any other request is answered whatever Accept says', async (t) => {
      const call = callerOf(await startServer(t, engine))

      for (const accept of ['text/html', 'text/html, application/json;q=0', '*/*;q=0']) {
        assert.equal((await call('GET', 'secrets/lists', undefined, { accept })).status, 200, accept)
        assert.equal((await call('GET', 'cloud/locations', undefined, { accept })).status, 200, accept)
      }
    })
  })
}

suite('A form', () => {
  test('is read as every browser and library writes it', () => {
    const texts = fc.dictionary(fc.string({ unit: anyCharacter, minLength: 1 }), fc.string({ unit: anyCharacter }))
    fc.assert(
      fc.property(texts, (fields) => {
        const wellFormed = Object.fromEntries(
          Object.entries(fields).map(([name, text]) => [name.toWellFormed(), text.toWellFormed()]),
        )
        const written = new URLSearchParams(wellFormed).toString()
        assert.deepEqual(parseForm(Buffer.from(written)), wellFormed)
      }),
    )
  })

  for (const [text, fields] of [
    ['', {}],
    ['&&a=1&&', { a: '1' }],
    ['a', { a: '' }],
    ['=b', { '': 'b' }],
    ['a=b=c', { a: 'b=c' }],
    ['a+b=c+%2B', { 'a b': 'c +' }],
    ['a=100%&b=%zz&c=%4', { a: '100%', b: '%zz', c: '%4' }],
    ['a=1&a=2&a=3', { a: ['1', '2', '3'] }],
    [
      '__proto__=1&constructor=2',
      Object.fromEntries([
        ['__proto__', '1'],
        ['constructor', '2'],
      ]),
    ],
    ['a=%EF%BB%BFx%00', { a: '\ufeffx\0' }],
    ['a=x;b=y', { a: 'x;b=y' }],
    ['ä=ö', { ä: 'ö' }],
  ] as const) {
    test(`that says ${text} is read`, () => {
      assert.deepEqual(parseForm(Buffer.from(text)), fields)
    })
  }

  test('of very many fields is read in time that grows with it', () => {
    const { a } = parseForm(Buffer.from('a&'.repeat(500_000)))
    assert.equal(a?.length, 500_000)
  })
})
