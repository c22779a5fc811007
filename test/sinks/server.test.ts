/** The server with sinks: what it shows of them, what it prints, and how it goes on when they do not. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { generateToken } from '../../src/crypto/token.ts'
import { runCommand, startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { folderOf, recordsIn, until } from '../support/sinks.ts'

const sampleOf = (text: string, name: string, sink: string) => {
  const line = text.split('\n').find((one) => one.startsWith(`${name}{sink="${sink}"}`))
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')))
}

for (const engine of engines) {
  suite(`${engine.name}: a server with sinks`, { skip: engine.skip }, () => {
    test('serves and stays ready whatever they do, and shows how far each is, without anything secret', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const folder = folderOf(t)
      const path = join(folder, 'audit.jsonl')
      const headers = join(folder, 'headers')
      writeFileSync(headers, 'Authorization: Bearer planted\n')
      const hanging = net.createServer(() => {}).listen(0, '127.0.0.1')
      await once(hanging, 'listening')
      t.after(() => void hanging.close())
      const address = hanging.address()
      const port = typeof address === 'object' && address !== null ? address.port : assert.fail()
      const sinks = [
        `file:${path}`,
        `http://127.0.0.1:${port}/in?name=hangs&header-file=${headers}`,
        `syslog+tcp://127.0.0.1:${await freePort()}?name=away`,
      ]
      const key = generateToken()
      const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_AUDIT_SINKS: sinks.join(' ') }
      const child = await startChild(t, place, { env })
      const api = child.api(key)
      for (let at = 0; at < 5; at++) {
        assert.equal((await api.post('/v3/secrets', { name: `s-${at}`, value: 'v' })).status, 201)
      }
      assert.equal((await api.get('/readyz')).status, 200)
      await until(() => recordsIn(path).length >= 6)
      let shown = ''
      await until(async () => {
        shown = (await api.get('/metrics')).text
        return sampleOf(shown, 'strongroom_audit_sink_lag_records', 'file') === 0
      })
      await until(async () => {
        shown = (await api.get('/metrics')).text
        return (sampleOf(shown, 'strongroom_audit_sink_failures_total', 'away') ?? 0) > 1
      })
      assert.ok((sampleOf(shown, 'strongroom_audit_sink_lag_records', 'away') ?? 0) >= 6)
      assert.ok((sampleOf(shown, 'strongroom_audit_sink_lag_seconds', 'hangs') ?? 0) > 0)
      assert.equal(sampleOf(shown, 'strongroom_audit_sink_position_records', 'hangs'), 0)
      assert.ok((sampleOf(shown, 'strongroom_audit_sink_records_total', 'file') ?? 0) >= 6)

      const status = runCommand(place, ['audit', 'sinks'], env)
      assert.equal(status.code, 0, status.stderr)
      assert.match(
        status.stdout,
        new RegExp(`^file \\(file, ${path}\\): \\d+ records sent, nothing is left; last at `, 'm'),
      )
      assert.match(
        status.stdout,
        /^hangs \(http, http:\/\/127\.0\.0\.1:\d+\/in\): 0 records sent, \d+ left, the oldest \d+/m,
      )
      assert.match(status.stdout, /^away \(syslog, 127\.0\.0\.1:\d+\): 0 records sent, \d+ left/m)
      assert.match(status.stdout, /failed at 20\S+: The receiver cannot be reached, or broke off \(ECONNREFUSED\)\./)
      const others = runCommand(place, ['audit', 'sinks', '--json'], { STRONGROOM_AUDIT_SINKS: '-' })
      // What hangs is given up after half a minute, and known from then on.
      const known = (JSON.parse(others.stdout).not_configured as readonly string[]).filter((name) => name !== 'hangs')
      assert.deepEqual(known, ['away', 'file'])

      const asked = performance.now()
      assert.deepEqual(await child.end('SIGTERM'), { code: 0, signal: null }, child.output())
      assert.ok(performance.now() - asked < 20_000, 'What hangs was waited for.')
      const log = child
        .output()
        .split('\n')
        .filter((line) => line.includes('"sink"'))
      assert.ok(
        log.some((line) => line.includes('"sink":"away"') && line.includes('the audit trail could not be sent')),
      )
      for (const text of [child.output(), status.stdout, others.stdout, shown])
        assert.doesNotMatch(text, /planted|Bearer/)
    })
  })
}

suite('Standard output', () => {
  const [sqlite] = engines

  test('has the records of the trail in whole lines, between those of the log', async (t) => {
    const place = (await sqlite?.makePlace()) ?? assert.fail()
    t.after(() => place.clear())
    const key = generateToken()
    const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, STRONGROOM_AUDIT_SINKS: '-', STRONGROOM_LOG_LEVEL: 'debug' }
    const child = await startChild(t, place, { env })
    const recordsOf = () =>
      child
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{"account_id":'))
    await Promise.all(Array.from({ length: 40 }, () => child.api(key).get('/v3/secrets')))
    await until(() => recordsOf().length >= 41)
    await child.end('SIGTERM')

    const seqs = recordsOf().map((line) => Number(JSON.parse(line).seq))
    assert.deepEqual(
      [...new Set(seqs)],
      seqs.map((_, at) => at + 1),
    )
  })

  test('that nobody reads holds up its sink alone', async (t) => {
    const place = (await sqlite?.makePlace()) ?? assert.fail()
    t.after(() => place.clear())
    const key = generateToken()
    const port = await freePort()
    const env = {
      STRONGROOM_BOOTSTRAP_API_KEY: key,
      STRONGROOM_AUDIT_SINKS: 'stdout',
      STRONGROOM_LOG_LEVEL: 'silent',
      STRONGROOM_LISTEN: `127.0.0.1:${port}`,
    }
    const child = await startChild(t, place, { env })
    // Read no more: what is between has room for some 200 KB.
    child.process.stdout?.pause()
    child.process.stdout?.removeAllListeners('data')
    const api = child.api(key)
    const read = async (at: number) => {
      const { status } = await api.get(`/v3/secrets/by-name/${'n'.repeat(240)}-${at}`)
      assert.equal(status, 404)
    }
    for (let at = 0; at < 1000; at += 50) await Promise.all(Array.from({ length: 50 }, (_, one) => read(at + one)))
    await setTimeout(500)
    assert.equal((await child.api(key).get('/readyz')).status, 200)
    const lag = async () =>
      sampleOf((await child.api(key).get('/metrics')).text, 'strongroom_audit_sink_lag_records', 'stdout') ?? 0
    await until(async () => (await lag()) > 0)
    child.process.stdout?.resume()
    await until(async () => (await lag()) === 0)
  })
})
