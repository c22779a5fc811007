/** Where people reach the portal: by the setting, or as the request asks; and what a refusal says is missing. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inviteOwner } from '../../src/vault/users.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const publicUrl = 'https://vault.example'
const who = { email: 'ada@example.com', password: 'four unrelated words, honestly' }

for (const engine of engines) {
  suite(`${engine.name}: the portal`, { skip: engine.skip }, () => {
    test('is reached by its setting, whatever the proxy says of host and scheme', async (t) => {
      const { api, vault } = await startServer(t, engine, { publicUrl })
      const asker = {
        caller: { kind: 'host', accountId: 1, name: 'test' },
        requestId: 'test',
        address: 'none',
      } as const
      const { token } = await inviteOwner(vault, asker, 1)
      const portal = { 'strongroom-portal': '1', origin: publicUrl, 'sec-fetch-site': 'same-origin' }

      const accepted = await api.post('/v3/invitations/accept', { token, name: 'Ada', ...who }, portal)
      const signedIn = await api.post('/v3/session', who, portal)

      for (const { status, headers, text } of [accepted, signedIn]) {
        assert.equal(status, 201, text)
        assert.match(headers.get('set-cookie') ?? '', /^__Host-strongroom=.*; Secure/)
      }
    })
  })
}

suite('A sign-in from elsewhere', () => {
  const [engine] = engines
  assert.ok(engine)

  const refusals: readonly (readonly [string, Record<string, string>, string | undefined, RegExp])[] = [
    ['without our header', {}, undefined, /"Strongroom-Portal: 1" is missing/],
    [
      'from another origin than the setting',
      { 'strongroom-portal': '1', origin: 'http://127.0.0.1:4600' },
      publicUrl,
      /The portal is at https:\/\/vault\.example \(STRONGROOM_PUBLIC_URL\)/,
    ],
    [
      'through a proxy that says nothing, without the setting',
      { 'strongroom-portal': '1', origin: publicUrl },
      undefined,
      /STRONGROOM_PUBLIC_URL.*STRONGROOM_TRUSTED_PROXIES.*"X-Forwarded-Proto" and "Host"/,
    ],
    [
      'that another site made',
      { 'strongroom-portal': '1', 'sec-fetch-site': 'cross-site' },
      undefined,
      /Another site made the browser send this/,
    ],
  ]
  for (const [what, headers, setting, message] of refusals) {
    test(`${what} is refused with what to do`, async (t) => {
      const { api } = await startServer(t, engine, { publicUrl: setting })

      const { status, body } = await api.post('/v3/session', who, headers)

      assert.deepEqual([status, body.code], [403, 'cross_site_request'])
      assert.match(body.detail, message)
      if (setting === undefined) assert.ok(!body.detail.includes('vault.example'))
    })
  }
})
