/** Refusals, in words for whoever is refused: a person is never told of an API key of theirs, which they have not. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { routes } from '../../src/http/routes/all.ts'
import { bodyOf, pathWith } from '../support/calls.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { startWithOwner } from '../support/portal-account.ts'

for (const engine of engines) {
  suite(`${engine.name}: a person`, { skip: engine.skip }, () => {
    test('is told what they cannot do and who can, by every call, and nothing of an API key of theirs', async (t) => {
      const { invite, api } = await startWithOwner(t, engine)
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const about: string[] = []
      let refused = 0
      for (const role of ['reader', 'auditor']) {
        const { person } = await invite(role, role === 'reader' ? { name_patterns: ['web-*'] } : {})
        for (const route of routes.filter(({ method, path }) => `${method} ${path}` !== 'DELETE /v3/session')) {
          const { status, body, text } = await person.send(route.method, pathWith(route, 1), bodyOf(route))
          if (/this API key|key that makes it|lacks the scope/i.test(text)) about.push(`${route.operationId}: ${text}`)
          if (status !== 403 || body.code !== 'forbidden') continue
          refused++
          assert.match(
            body.message,
            /^(You don’t have permission to .*\. Ask an owner or admin\.$|Only an owner)/,
            text,
          )
        }
      }
      assert.deepEqual(about, [])
      assert.ok(refused > 40, String(refused))
    })

    test('is told that their session ended, and a program what is wrong with its key', async (t) => {
      const { url, api, owner } = await startWithOwner(t, engine)
      const stranger = new Person(url)
      stranger.cookie = `${owner.cookie.split('=')[0]}=sr_${'0'.repeat(49)}`
      const ended = new Person(url)
      ended.cookie = owner.cookie
      await owner.send('DELETE', '/v3/session')

      for (const person of [ended, stranger]) {
        const { status, body } = await person.get('/v3/secrets')
        assert.deepEqual([status, body.message], [401, 'Your session has ended. Sign in again.'])
      }
      const { body } = await api.get('/v3/secrets', { authorization: 'Bearer sr_x' })
      assert.match(body.message, /^The API key is missing or invalid/)
      const narrow = await api.post('/v3/keys', { name: 'n', scopes: ['secrets:list'] })
      const { body: lacking } = await api.get('/v3/users', { authorization: `Bearer ${narrow.body.api_key}` })
      assert.equal(lacking.message, 'This API key lacks the scope account:manage for this.')
    })
  })
}
