/** A batch that PostgreSQL refuses for a moment is tried again, whole: nothing that the first try decided is seen by the second. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { verifyAudit } from '../../src/vault/audit.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { differencesOf } from '../support/differences.ts'
import { engines, type Place } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

/** Has every other transaction that leaves a record fail, from the first on: what a sequence counts stays counted. */
async function failEveryOther(place: Place, code: string): Promise<void> {
  await query(place, 'create sequence tries')
  await query(
    place,
    `create function fail() returns trigger language plpgsql as $$ begin
      if nextval('tries') % 2 = 1 then raise exception 'not now' using errcode = '${code}'; end if;
      return null;
    end $$`,
  )
  await query(place, 'create trigger failing after insert on audit for each statement execute function fail()')
}

for (const engine of engines.filter(({ name }) => name === 'PostgreSQL')) {
  suite(`${engine.name}: a batch that is tried again`, { skip: engine.skip }, () => {
    // serialization_failure, deadlock_detected; a plan, and a statement, that the connection knows no more; a server that goes down.
    for (const code of ['40001', '40P01', '0A000', '26000', '57P01']) {
      test(`after ${code} is done once, recorded once and told once`, async (t) => {
        const { api, url, place, vault } = await startServer(t, engine)
        await api.post('/v3/secrets', { name: 'read', value: 'v' })
        await api.post('/v3/secrets', { name: 'decoy', value: 'v', decoy: { revoke: true } })
        const { body } = await api.post('/v3/keys', { name: 'reader', scopes: ['secrets:read'] })
        const told: number[] = []
        vault.store.events.onDecoyRead = ({ secretId }) => void told.push(secretId ?? 0)
        const size = await vault.store.auditSize(1)
        await failEveryOther(place, code)

        const made = await api.post('/v3/secrets', { name: 'made', value: 'v' }, { 'idempotency-key': 'one' })
        const read = await api.get('/v3/secrets/1')
        const decoy = await new Api(url, body.api_key).get('/v3/secrets/2')

        await query(place, 'drop trigger failing on audit')
        assert.deepEqual([made.status, made.body.id, read.status, decoy.status], [201, 3, 200, 200])
        assert.equal((await new Api(url, body.api_key).get('/v3/secrets/1')).status, 401)
        assert.deepEqual(told, [2])
        const records = await query(
          place,
          `select action from audit where seq > ${size} and outcome = 'ok' order by seq`,
        )
        assert.deepEqual(
          records.map(({ action }) => action),
          ['secret.create', 'secret.read', 'secret.read', 'key.revoke'],
        )
        const again = await api.post('/v3/secrets', { name: 'made', value: 'v' }, { 'idempotency-key': 'one' })
        assert.equal(again.headers.get('idempotent-replayed'), 'true')
        for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
        assert.deepEqual(await differencesOf(vault), [])
      })
    }
  })
}
