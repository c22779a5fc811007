/** What a sink of OpenTelemetry sends, read with the published protocol: of Python's package, which refuses members that it does not know. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { openReceiver } from '../../src/sinks/open.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { sendTo, trailOf, until } from '../support/sinks.ts'
import { cacheFolder } from './debian.ts'
import { missingInVenv } from './venv.ts'

const [sqlite] = engines
const packages = join(cacheFolder, 'opentelemetry-proto')
const wanted = ['opentelemetry-proto==1.38.0', 'protobuf==6.33.1']

const skip = missingInVenv(packages, wanted)
if (skip !== false) console.error(`The published protocol of OpenTelemetry is not tried: ${skip}.`)

/** Reads a request as JSON, and prints what a collector would have of it. */
const program = `
import json, sys
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
request = json_format.Parse(sys.stdin.read(), ExportLogsServiceRequest())
logs = [log for resource in request.resource_logs for scope in resource.scope_logs for log in scope.log_records]
value = lambda any: getattr(any, any.WhichOneof("value"))
print(json.dumps({
  "resource": {one.key: value(one.value) for one in request.resource_logs[0].resource.attributes},
  "logs": [{
    "body": log.body.string_value,
    "time": str(log.time_unix_nano),
    "severity": log.severity_number,
    "event": log.event_name,
    "attributes": {one.key: value(one.value) for one in log.attributes},
  } for log in logs],
}))
`

test('Logs are those of the published protocol', { skip }, async (t) => {
  assert.ok(sqlite)
  const server = await startServer(t, sqlite)
  const bodies: Buffer[] = []
  const collector = http.createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    bodies.push(Buffer.concat(chunks))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}')
  })
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.after(() => void collector.close())
  const address = collector.address()
  const port = typeof address === 'object' && address !== null ? address.port : assert.fail()
  assert.equal((await server.api.post('/v3/environments', { name: 'prod' })).status, 201)
  const headers = { 'strongroom-environment': 'prod' }
  assert.equal((await server.api.post('/v3/secrets', { name: 'one', value: 'v' }, headers)).status, 201)
  assert.equal((await server.api.post('/v3/keys', { name: 'Zoë 💡', scopes: ['secrets:read'] })).status, 201)
  assert.equal((await server.api.get('/v3/secrets/99')).status, 404)
  const tls = { caPath: undefined, certPath: undefined, keyPath: undefined }
  const place = { kind: 'otlp', url: `http://127.0.0.1:${port}/v1/logs`, tls, headerPath: undefined } as const
  const { storeId } = server.vault.keyring
  const origin = { storeId, version: '1.2.3', serviceName: 'strongroom' }
  sendTo(t, server.vault, openReceiver(place, origin, server.vault.now))
  await until(async () => (await server.vault.store.sinks.state('test', [])).left === 0 && bodies.length > 0)

  const read = bodies.map((input) =>
    JSON.parse(execFileSync(join(packages, 'bin/python'), ['-c', program], { input, encoding: 'utf8' })),
  )
  assert.deepEqual(read[0].resource, {
    'service.name': 'strongroom',
    'service.version': '1.2.3',
    'strongroom.store.id': storeId,
  })
  const logs = read.flatMap((one) => one.logs)
  assert.deepEqual(
    logs.map(({ body }) => body),
    await trailOf(server.vault),
  )
  const records = await server.vault.store.recordsAfter(1, 0, 100)
  for (const [at, { record }] of records.entries()) {
    const log = logs[at]
    assert.equal(log.time, `${record.time}000000`)
    assert.equal(log.severity, record.outcome === 'ok' ? 9 : 13)
    assert.equal(log.event, `strongroom.audit.${record.action}`)
    assert.equal(log.attributes['strongroom.audit.seq'], record.seq)
    assert.equal(log.attributes['strongroom.environment.id'], record.environmentId ?? undefined)
  }
})
