/** Bodies that are not what they should be: each has its status, names its fault, and changes nothing. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const bytes = (text: string, ...tail: number[]) => Buffer.concat([Buffer.from(text), Buffer.from(tail)])

/** What is wrong, the body as it is sent, and the field that the answer names. */
const faults: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['empty', '', 'body'],
  ['blank', ' \n', 'body'],
  ['null', 'null', 'body'],
  ['a list', '[]', 'body'],
  ['a text', '"x"', 'body'],
  ['a number', '7', 'body'],
  ['cut off', '{"name":"a","value":"b"', 'body'],
  ['cut off in a text', '{"name":"a","value":"b', 'body'],
  ['a trailing comma', '{"name":"a","value":"b",}', 'body'],
  ['single quotes', "{'name':'a','value':'b'}", 'body'],
  ['a comment', '{"name":"a",/* */"value":"b"}', 'body'],
  ['a byte order mark', '\ufeff{"name":"a","value":"b"}', 'body'],
  ['NaN', '{"name":"a","value":NaN}', 'body'],
  ['two documents', '{"name":"a","value":"b"}{"name":"c","value":"d"}', 'body'],
  ['a raw control character', '{"name":"a","value":"\u0001"}', 'body'],
  ['invalid UTF-8', bytes('{"name":"a","value":"', 0xff, 0x22, 0x7d), 'body'],
  ['overlong UTF-8', bytes('{"name":"a","value":"', 0xc0, 0x80, 0x22, 0x7d), 'body'],
  ['UTF-8 of a surrogate', bytes('{"name":"a","value":"', 0xed, 0xa0, 0x80, 0x22, 0x7d), 'body'],
  ['UTF-16', Buffer.from('{"name":"a","value":"b"}', 'utf16le'), 'body'],
  ['half a surrogate pair', '{"name":"a","value":"\\ud800"}', 'body'],
  ['half a surrogate pair in a key', '{"name":"a","value":"b","\\udfff":1}', 'body'],
  ['a field twice', '{"name":"a","value":"b","value":"c"}', 'body'],
  ['a field twice, once escaped', '{"name":"a","value":"b","v\\u0061lue":"c"}', 'body'],
  ['too deep', `{"name":"a","value":${'['.repeat(20)}${']'.repeat(20)}}`, 'body'],
  ['too many fields', `{${Array.from({ length: 65 }, (_, at) => `"f${at}":1`).join()}}`, 'body'],
  ['too many parts', `{"name":"a","value":[${'1,'.repeat(5000)}1]}`, 'body'],
  ['no name', '{"value":"b"}', 'name'],
  ['no value', '{"name":"a"}', 'value'],
  ['neither', '{}', 'name'],
  ['a number for a name', '{"name":7,"value":"b"}', 'name'],
  ['a number for a value', '{"name":"a","value":7}', 'value'],
  ['null for a value', '{"name":"a","value":null}', 'value'],
  ['a list for a value', '{"name":"a","value":["b"]}', 'value'],
  ['an object for a value', '{"name":"a","value":{"b":1}}', 'value'],
  ['an unknown field', '{"name":"a","value":"b","colour":"blue"}', 'colour'],
  ['__proto__', '{"name":"a","value":"b","__proto__":{"x":1}}', '__proto__'],
  ['constructor', '{"name":"a","value":"b","constructor":{"prototype":{}}}', 'constructor'],
]

/** Headers of a good body that make it another kind of body. */
const kinds: readonly (readonly [string, Record<string, string>])[] = [
  ['text', { 'content-type': 'text/plain' }],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['no type', { 'content-type': '' }],
  ['a made-up type', { 'content-type': 'json' }],
  ['another JSON', { 'content-type': 'application/merge-patch+json' }],
  ['another character set', { 'content-type': 'application/json; charset=latin1' }],
  ['compressed', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
]

for (const engine of engines) {
  suite(`${engine.name}: a body`, { skip: engine.skip }, () => {
    test('that is malformed is 400 with the field named, and changes nothing', async (t) => {
      const { api } = await startWithOne(t)
      const before = await state(api)

      for (const [what, body, field] of faults) {
        for (const [method, path] of [
          ['POST', '/v3/secrets'],
          ['PUT', '/v3/secrets/1'],
        ] as const) {
          if (method === 'PUT' && field === 'name' && !what.includes('number')) continue
          const answer = await api.send(method, path, body)
          assert.equal(answer.status, 400, `${method} ${what}: ${answer.text}`)
          assert.equal(answer.body.code, 'invalid')
          const named = answer.body.errors.map((fault: { field: string }) => fault.field)
          assert.ok(named.includes(field) || (method === 'PUT' && named.includes('value')), `${what}: ${answer.text}`)
          assert.ok(answer.body.detail.length > 10)
        }
      }
      assert.deepEqual(await state(api), before)
    })

    test('of another kind is 415', async (t) => {
      const { api } = await startWithOne(t)
      const before = await state(api)
      const good = '{"name":"a","value":"b"}'

      for (const [what, headers] of kinds) {
        const body = headers['content-encoding'] === undefined ? good : gzipSync(good)
        const answer = await api.send('POST', '/v3/secrets', body, headers)
        assert.deepEqual([answer.status, answer.body?.code], [415, 'unsupported_media_type'], `${what}: ${answer.text}`)
      }
      assert.deepEqual(await state(api), before)
      for (const type of ['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'APPLICATION/JSON']) {
        const name = `n${type.length}`
        const answer = await api.send('POST', '/v3/secrets', JSON.stringify({ name, value: 'b' }), {
          'content-type': type,
        })
        assert.equal(answer.status, 201, type)
      }
    })

    test('longer than any valid one is 413, whether it says so or just keeps coming', async (t) => {
      const { api } = await startWithOne(t)
      const before = await state(api)
      const long = JSON.stringify({ name: 'a', value: 'x'.repeat(500_000) })

      const stated = await api.send('POST', '/v3/secrets', long)
      const streamed = await fetch(`${api.url}/v3/secrets`, {
        method: 'POST',
        headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
        body: new Blob([long]).stream(),
        duplex: 'half',
      })

      assert.deepEqual([stated.status, stated.body?.code], [413, 'too_large'])
      assert.equal(streamed.status, 413)
      await streamed.text()
      assert.deepEqual(await state(api), before)
    })

    test('is not even looked at without a valid key', async (t) => {
      const { api } = await startWithOne(t)
      const strange = { authorization: 'Bearer sr_00000000000000000000000000000000000000000002CZclj' }

      for (const body of ['{', 'x'.repeat(500_000), '{"name":"a","value":"b"}']) {
        assert.equal((await api.send('POST', '/v3/secrets', body, strange)).status, 401)
      }
    })

    async function startWithOne(t: Parameters<typeof startServer>[0]) {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'db-password', value: 'first' })
      return server
    }
  })
}

async function state(api: Api): Promise<string> {
  const [list, secret] = [await api.get('/v3/secrets'), await api.get('/v3/secrets/1')]
  return `${list.text} ${secret.text} ${secret.headers.get('etag')}`
}
