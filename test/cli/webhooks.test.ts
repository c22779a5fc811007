/** Webhooks at the command line. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { postThrough } from '../../src/outbound/fetch.ts'
import { deliverWebhooks } from '../../src/vault/webhook-deliveries.ts'
import { startPersonWithServer } from '../support/cli.ts'
import { freePort } from '../support/free-port.ts'
import { preparedSuite } from '../support/prepared-suite.ts'
import { until } from '../support/receiver.ts'

preparedSuite('The commands of webhooks', async () => {
  const { person } = await startPersonWithServer({ after })
  const run = async (...words: readonly string[]) => {
    const done = await person.run(['webhooks', ...words])
    assert.equal(done.code, 0, done.stderr)
    return done
  }

  test('make, show, test, change, rotate and delete one, and print its secret alone', async () => {
    const url = 'https://example.com/hook'
    const made = await run('create', url, '--action', 'secret.*', '--name', 'prod-*')
    assert.match(made.stdout, /^whsec_[A-Za-z0-9+/]{43}=\n$/)
    assert.match((await run('list')).stdout, /1 +https:\/\/example\.com\/hook +secret\.\* +prod-\* +enabled/)
    assert.match((await run('test', '1')).stdout, /The test is delivery \d+:/)
    const [waiting] = JSON.parse((await run('deliveries', '1', '--state', 'waiting', '--json')).stdout).deliveries
    assert.equal(waiting.action, 'webhook.test')
    assert.match((await run('deliveries', '1')).stdout, /webhook\.test +waiting +0/)
    assert.match((await run('retry', '1', String(waiting.id))).stdout, /is sent again/)
    assert.match((await run('update', '1', '--name', '*', '--disable')).stdout, /disabled/)
    assert.match((await run('show', '1')).stdout, /about +everything\n +state +disabled/)
    const next = await run('rotate', '1')
    assert.match(next.stdout, /^whsec_/)
    assert.notEqual(next.stdout, made.stdout)
    await run('delete', '1', '--yes')
    assert.equal((await person.run(['webhooks', 'show', '1'])).code, 3)
    assert.equal((await person.run(['webhooks', 'create', url])).code, 2)
  })

  test('say which setting lets the server send to an address that it may not reach', async (t) => {
    const { person: other, server } = await startPersonWithServer(t)
    const errors: unknown[] = []
    const post = postThrough({ allowances: [] })
    t.after(deliverWebhooks(server.vault, { post, onError: (error) => errors.push(error) }))
    const made = await other.run(['webhooks', 'create', 'http://127.0.0.1:9/', '--action', 'secret.*'])
    assert.match(made.stderr, /^Nothing can be sent there now: 127\.0\.0\.1:9 .*STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES/)
    assert.match(made.stdout, /^whsec_[^\n]+\n$/)
    await other.run(['webhooks', 'test', '1'])
    await until(async () => {
      const { body } = await server.api.get('/v3/webhooks/1/deliveries')
      return body.deliveries[0]?.fault === 'address'
    })

    const { stdout, stderr } = await other.run(['webhooks', 'deliveries', '1'])
    assert.match(stdout, /webhook\.test +waiting +1 .* address /)
    assert.match(stderr, /STRONGROOM_OUTBOUND_ALLOWED_ADDRESSES/)
    assert.equal((await other.run(['webhooks', 'deliveries', '1', '--json'])).stderr, '')
    assert.deepEqual(errors, [])
  })

  test('lead to the receiver that docs/webhooks.md shows, which takes what is signed, once', async (t) => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8')
    const [, shown = ''] = /^cat > receiver\.mjs <<'END'\n([\s\S]*?)^END$/m.exec(page) ?? []
    assert.match(shown, /\.listen\(4700, /)
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/`
    const { person: other, server } = await startPersonWithServer(t)
    const made = await other.run(['webhooks', 'create', url, '--action', 'secret.*'])
    const words = ['--input-type=module', '--eval', shown.replace('4700', String(port))]
    const receiver = spawn(process.execPath, words, { env: { WEBHOOK_SECRET: made.stdout.trim() } })
    t.after(() => receiver.kill())
    let printed = ''
    for (const stream of [receiver.stdout, receiver.stderr]) {
      stream.on('data', (part) => {
        printed += part
      })
    }
    let sent: RequestInit = {}
    const post = postThrough({ allowances: [parseAllowance('127.0.0.1') ?? assert.fail()] })
    const noting: typeof post = (posting) => {
      sent = { method: 'POST', headers: posting.headers, body: posting.body }
      return post(posting)
    }
    await until(() =>
      fetch(url, { method: 'POST' })
        .then(({ status }) => status === 401)
        .catch(() => false),
    )
    const errors: unknown[] = []
    // The server ends first: what its store refuses afterwards is no failure of this test.
    t.after(deliverWebhooks(server.vault, { post: noting, onError: (error) => errors.push(error) }))

    await server.api.post('/v3/secrets', { name: 'db-password', value: 'v' })
    await until(async () => {
      const { body } = await server.api.get('/v3/webhooks/1/deliveries')
      return body.deliveries[0]?.state === 'delivered'
    })

    assert.equal((await fetch(url, sent)).status, 204)
    assert.equal((await fetch(url, { ...sent, body: `${sent.body} ` })).status, 401)
    // It answers before it prints.
    await until(() => printed !== '')
    assert.equal(printed, 'secret.create db-password\n')
    assert.deepEqual(errors, [])
  })
})
