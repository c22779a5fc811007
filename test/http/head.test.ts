/** HEAD is GET without the body: the same status and headers, and the same record of what was read. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { engines } from '../support/engines.ts'
import { sendRaw } from '../support/raw.ts'

/** Those that are another at each request. */
const changing = /^(date|strongroom-request-id|connection|keep-alive|transfer-encoding|content-length):/i

for (const engine of engines) {
  suite(`${engine.name}: HEAD`, { skip: engine.skip }, () => {
    test('answers as GET does, without a body, wherever GET is served', async (t) => {
      const { api, url } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'not to be seen' })
      const paths = [
        ...['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', '/portal/', '/portal', '/'],
        ...['/v3/secrets', '/v3/secrets/1', '/v3/secrets/1/metadata', '/v3/secrets/1/content', '/v3/secrets/2'],
        ...['/v3/secrets/1/versions', '/v3/secrets/1/versions/1', '/v3/lists', '/v3/keys/self', '/v3/audit'],
        ...['/v3/account', '/v3/settings', '/v3/secrets/x', '/v3/secrets?limit=0', '/v3/nothing'],
        ...['/api/secrets/lists', '/api/secrets/lists/1/values', '/api/secrets/lists/1/values/db'],
        ...['/api/secrets/all-values', '/api/secrets/lists/9', '/api/nothing', '/seed/x/user-data'],
      ]

      for (const path of paths) {
        const ask = async (method: string) => {
          const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\nConnection: close\r\n\r\n`
          const answer = await sendRaw(url, head)
          const [status, ...lines] = answer.head.split('\r\n')
          const length = /^content-length: (\d+)$/im.exec(answer.head)?.[1]
          const headers = lines.filter((line) => !changing.test(line)).sort()
          return { shown: [status, ...headers], body: answer.body, length }
        }
        const get = await ask('GET')
        const head = await ask('HEAD')
        assert.deepEqual(head.shown, get.shown, path)
        assert.equal(head.body, '', path)
        const isAnother = ['/metrics', '/v3/audit'].includes(path) || /request_id/.test(get.body)
        if (!isAnother && head.length !== undefined && get.length !== undefined) assert.equal(head.length, get.length)
      }
    })

    test('of a value is recorded as the read that it is, and refused where that is', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const reads = async () =>
        (await api.get('/v3/audit?action=secret.read')).body.records.map(({ outcome }: { outcome: string }) => outcome)

      for (const path of ['/v3/secrets/1', '/v3/secrets/1/content', '/api/secrets/lists/1/values/1']) {
        const before = (await reads()).length
        assert.equal((await api.send('HEAD', path)).status, 200)
        assert.equal((await reads()).length, before + 1, path)
      }
      const weak = await withScopes('secrets:list')
      assert.equal((await weak.send('HEAD', '/v3/secrets/1')).status, 403)
      assert.equal((await reads())[0], 'forbidden')
    })

    test('of a seed uses nothing up', async (t) => {
      const { api, url } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that the template is written in
      const seed = { user_data: '#cloud-config\npassword: ${{secret.db}}\n', target: 'web-1' }
      const made = (await api.post('/v3/seeds', seed)).body
      const reads = async () => (await api.get('/v3/audit?action=secret.read')).body.records.length
      // It was rendered once, to see whether it can be.
      const before = await reads()
      const place = new URL('user-data', String(made.url).replace(/^https?:\/\/[^/]+/, url))

      for (let at = 0; at < 10; at++) assert.equal((await fetch(place, { method: 'HEAD' })).status, 200)
      assert.equal(await reads(), before)
      assert.match(await (await fetch(place)).text(), /password: v/)
      assert.equal((await fetch(place, { method: 'HEAD' })).status, (await fetch(place)).status)
      await api.delete(`/v3/seeds/${made.id}`)
      assert.equal((await fetch(place, { method: 'HEAD' })).status, 404)
    })
  })
}
