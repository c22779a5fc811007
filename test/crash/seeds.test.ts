/** A server killed while machines fetch their seeds: what is used up has its record, and what is not is served after. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ask } from '../support/api.ts'
import { chance, rounds } from '../support/chance.ts'
import { startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const times = rounds(1, 40)
const machines = 60

for (const engine of engines) {
  suite(`${engine.name}: a server killed while it hands out seeds`, { skip: engine.skip }, () => {
    test(`leaves none used up without a record, ${times} times over`, async (t) => {
      const { place, api: before, stop } = await startServer(t, engine)
      const { key } = before
      await before.post('/v3/secrets', { name: 'db', value: 'v' })
      await stop()
      let broken = 0
      const random = chance(t)

      for (let round = 0; round < times; round++) {
        const server = await startChild(t, place)
        const api = server.api(key)
        const seeds = await Promise.all(
          Array.from({ length: machines }, async (_, at) => {
            const target = `web-${round}-${at}`
            const { id, url } = (await api.post('/v3/seeds', { user_data: '$\u007b{secret.db}}', target })).body
            return { id, path: new URL(url).pathname, target, wasServed: false }
          }),
        )
        const fetchAll = Promise.all(
          seeds.map(async (seed) => {
            try {
              const { status, text } = await ask(`${api.url}${seed.path}user-data`, 'GET', {})
              seed.wasServed = text === 'v' && status === 200
            } catch {}
          }),
        )
        await setTimeout(10 + random() * 120)
        await server.end('SIGKILL')
        await fetchAll

        const again = await startChild(t, place)
        const after = again.api(key)
        const recorded = new Set<number>()
        for (let cursor: string | null = ''; cursor !== null; ) {
          const page = await after.get(
            `/v3/audit?limit=1000&action=seed.fetch&outcome=ok${cursor && `&cursor=${cursor}`}`,
          )
          for (const { object } of page.body.records) recorded.add(object.id)
          cursor = page.headers.get('strongroom-next-cursor')
        }
        const { deployments } = (await after.get('/v3/deployments')).body
        const held = new Set(deployments.map(({ target }: { target: string }) => target))
        for (const { id, path, target, wasServed } of seeds) {
          const { state } = (await after.get(`/v3/seeds/${id}`)).body
          assert.equal(state === 'used', recorded.has(id), target)
          assert.equal(state === 'used', held.has(target), target)
          assert.ok(!wasServed || state === 'used', `${target} was served and may be fetched again`)
          if (!wasServed) broken++
          if (state === 'open') assert.equal((await ask(`${after.url}${path}user-data`, 'GET', {})).status, 200)
        }
        await again.end('SIGTERM')
      }
      t.diagnostic(`${broken} of ${times * machines} fetches were broken off`)
    })
  })
}
