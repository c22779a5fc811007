/** The client is told of events, over connections that break, and asks for values only when they have changed. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CachedSecrets, Forbidden, NotFound, Strongroom, type StrongroomEvent } from '../../src/client/index.ts'
import { startAccount } from '../support/account.ts'
import { engines } from '../support/engines.ts'

const [sqlite = assert.fail()] = engines

/** Breaks each stream after its first event. */
function breaking(opened: string[]) {
  return async (url: string, init: RequestInit) => {
    const response = await fetch(url, init)
    if (!url.includes('/v3/events')) return response
    opened.push(new URL(url).search)
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        controller.enqueue(chunk)
        if (Buffer.from(chunk).includes('"action"')) controller.error(new Error('cut'))
      },
    })
    return new Response(response.body?.pipeThrough(cut) ?? null, response)
  }
}

suite('Events by the client', () => {
  test('come as they happen, and go on over connections that break, until the signal ends them', async (t) => {
    const { api, url } = await startAccount(t, sqlite)
    const opened: string[] = []
    const client = new Strongroom({ url, apiKey: api.key, fetch: breaking(opened) })
    const stop = new AbortController()
    const positions: number[] = []
    const told: StrongroomEvent[] = []
    const names = ['one', 'two', 'three']
    const listening = async () => {
      const options = {
        ...{ signal: stop.signal, actions: ['secret.*'], name: '*' },
        onPosition: ({ position }: { readonly position: number }) => {
          positions.push(position)
          const name = names.shift()
          if (name !== undefined) void api.post('/v3/secrets', { name, value: 's3cur3' })
        },
      }
      for await (const event of client.events(options)) {
        told.push(event)
        if (told.length === 3) stop.abort(new Error('enough'))
      }
    }
    await assert.rejects(listening(), { message: 'enough' })
    assert.deepEqual(
      told.map(({ action, object }) => `${action} ${object?.name} ${object?.version}`),
      ['secret.create one 1', 'secret.create two 1', 'secret.create three 1'],
    )
    assert.ok(opened.length >= 3 && opened[1]?.includes(`after=${told[0]?.id}`), opened.join(' '))
    assert.ok(!JSON.stringify(told).includes('s3cur3'))
  })

  test('are refused as any call is, and not asked for again', async (t) => {
    const { url, withScopes } = await startAccount(t, sqlite)
    const { key } = await withScopes('keys:manage')
    await assert.rejects(new Strongroom({ url, apiKey: key }).events().next(), Forbidden)
    const elsewhere = new Strongroom({ url, apiKey: (await withScopes('secrets:read')).key, environment: 'none' })
    await assert.rejects(elsewhere.events().next(), NotFound)
  })

  test('spare a read: what has not changed is not read again, and leaves no record', async (t) => {
    const { api, url } = await startAccount(t, sqlite)
    const client = new Strongroom({ url, apiKey: api.key })
    const { id } = await client.secrets.create({ name: 'db', value: 'one' })
    const known = await client.secrets.getByName('db')
    const cached = new CachedSecrets(client.secrets, { ttlMs: 1 })
    await cached.get(id)
    await cached.getByName('db')
    const reads = async () => (await api.get('/v3/audit?action=secret.read')).body.records.length
    assert.equal(await reads(), 3)
    for (const then = Date.now(); Date.now() < then + 2; );

    assert.equal(await client.secrets.getIfChanged(known), undefined)
    assert.equal(await client.secrets.getByNameIfChanged(known), undefined)
    assert.deepEqual([(await cached.get(id)).value, (await cached.getByName('db')).value], ['one', 'one'])
    assert.equal(await reads(), 3)

    await client.secrets.delete(id)
    await client.secrets.create({ name: 'db', value: 'other' })
    assert.equal((await client.secrets.getByNameIfChanged(known))?.value, 'other')
    assert.equal((await cached.getByName('db')).value, 'other')
    await assert.rejects(client.secrets.getIfChanged(known), NotFound)
    await assert.rejects(cached.get(id), NotFound)
  })
})
