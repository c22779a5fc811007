/** Rendering through the API: what a caller gets, what the trail says, and what nobody gets. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { engines } from '../support/engines.ts'

const reference = (name: string, filter = '') => `\${{secret.${name}${filter}}}`

for (const engine of engines) {
  suite(`${engine.name}: a rendering`, { skip: engine.skip }, () => {
    test('gives a template back with the newest values, as text and as script_content', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'old' })
      await api.put('/v3/secrets/1', { value: `new ${reference('db')}` })
      await api.post('/v3/secrets', { name: 'cert', value: 'AAH/', type: 'file' })
      const template = `#!/bin/sh\necho ${reference('db', ' | shell')} ${reference('cert', ' | base64')} $${reference('db')}\n`
      const wanted = `#!/bin/sh\necho 'new ${reference('db')}' AAH/ ${reference('db')}\n`

      const plain = await api.post('/v3/render', { template })
      const script = await api.post('/v3/render', { script_content: Buffer.from(template).toString('base64') })

      assert.equal(plain.text, JSON.stringify({ rendered: wanted }))
      assert.equal(script.text, JSON.stringify({ script_content: Buffer.from(wanted).toString('base64') }))
    })

    test('names every reference that it cannot resolve, and renders nothing', async (t) => {
      const { api, withScopes, otherAccount } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'dev-db', value: 'v' })
      await api.post('/v3/secrets', { name: 'prod-db', value: 'hidden value' })
      await (await otherAccount()).post('/v3/secrets', { name: 'theirs', value: 'their value' })
      const narrowed = await withScopes('secrets:read:dev-*')
      const template = `a ${reference('dev-db')}\nb ${reference('theirs')} ${reference('prod-db')}\n`

      const { status, body, text } = await narrowed.post('/v3/render', { template })

      assert.deepEqual([status, body.code], [422, 'unresolved_references'])
      assert.deepEqual(
        body.errors.map(({ name, line, column }: { name: string; line: number; column: number }) => [
          name,
          line,
          column,
        ]),
        [
          ['theirs', 2, 3],
          ['prod-db', 2, 3 + reference('theirs').length + 1],
        ],
      )
      assert.doesNotMatch(text, /hidden value|their value/)
    })

    test('leaves one record for each value, and one that says who holds them', async (t) => {
      const { api } = await startAccount(t, engine)
      for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: name })

      const template = `${reference('a')} ${reference('b')} ${reference('a')}`
      await api.post('/v3/render', { template, target: 'web-1' })

      const { records } = (await api.get('/v3/audit?limit=3')).body
      assert.deepEqual(
        (await api.get('/v3/audit?limit=5')).body.records
          .slice(2)
          .map(({ action, object }: { action: string; object: { kind: string; name: string } }) => [
            ...[action, object.kind, object.name],
          ]),
        [
          ['render', 'target', 'web-1'],
          ['secret.read', 'secret', 'b'],
          ['secret.read', 'secret', 'a'],
        ],
      )
      assert.equal(new Set(records.slice(1).map(({ request_id: id }: { request_id: string }) => id)).size, 1)
    })

    test('refuses a value that would change what a cloud-config means', async (t) => {
      const { api } = await startAccount(t, engine)
      const template = `#cloud-config\npassword: ${reference('p')}\n`
      await api.post('/v3/secrets', { name: 'p', value: 'safe-word' })
      assert.equal((await api.post('/v3/render', { template })).body.rendered, '#cloud-config\npassword: safe-word\n')

      await api.put('/v3/secrets/1', { value: 'x\nruncmd: [evil]' })
      const { status, body, text } = await api.post('/v3/render', { template })

      assert.deepEqual([status, body.code], [422, 'unsafe_rendering'])
      assert.doesNotMatch(text, /evil/)
    })

    test('refuses what is no template, and what is too long', async (t) => {
      const { api } = await startAccount(t, engine)

      for (const wrong of [
        {},
        { template: 'a', script_content: 'YQ==' },
        { script_content: 'not base64!' },
        { template: 7 },
        { template: `${'$'}{{secret.}}` },
        { template: 'a', target: ' ' },
      ]) {
        assert.equal((await api.post('/v3/render', wrong)).status, 400, JSON.stringify(wrong))
      }
      assert.equal((await api.post('/v3/render', { template: 'x'.repeat(1_100_000) })).status, 413)
    })
  })
}
