/**
 * What a request costs: reads of one secret and creates at 1, 32 and 128 connections on both stores, beside a bare
 * node:http server that answers a constant body, all in one run. Prints requests a second and their ratio to the bare
 * server's.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { generateToken } from '../src/crypto/token.ts'
import { startCluster } from '../test/support/postgres.ts'
import type { Load, Measured } from './load.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 4)
const levels = [1, 32, 128]
const secrets = 1000
const run = promisify(execFile)

interface Target {
  readonly name: string
  readonly port: number
  readonly key: string
  stop(): Promise<void>
}

const cluster = await startCluster()
try {
  const bare = await startBare()
  const baseline = new Map<number, number>()
  for (const connections of levels) {
    const found = await measure(bare, 'constant', connections)
    baseline.set(connections, found.perSecond)
    report(bare, 'constant', connections, found, found.perSecond)
  }
  await bare.stop()
  await benchStore('SQLite', undefined, baseline)
  if (cluster === undefined) console.log('PostgreSQL    not installed: not measured')
  else await benchStore('PostgreSQL', cluster.url, baseline)
} finally {
  cluster?.stop()
}

async function benchStore(name: string, databaseUrl: string | undefined, baseline: Map<number, number>): Promise<void> {
  const target = await startStrongroom(name, databaseUrl)
  try {
    for (let id = 1; id <= secrets; id++) await create(target, `bench-${id}`)
    for (const kind of ['read', 'create'] as const) {
      for (const connections of levels) {
        const found = await measure(target, kind, connections)
        report(target, kind, connections, found, baseline.get(connections) ?? Number.NaN)
      }
    }
  } finally {
    await target.stop()
  }
}

async function measure(target: Target, kind: Load['kind'], connections: number): Promise<Measured> {
  const load: Load = {
    port: target.port,
    key: target.key,
    kind,
    connections,
    seconds,
    secrets,
    prefix: `${kind}-${connections}`,
  }
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'load.ts'), JSON.stringify(load)])
  return JSON.parse(stdout) as Measured
}

function report(target: Target, kind: string, connections: number, found: Measured, baseline: number): void {
  const cells = [
    target.name.padEnd(12),
    kind.padEnd(9),
    `${connections}`.padStart(4),
    `${found.perSecond}/s`.padStart(10),
    `x${(found.perSecond / baseline).toFixed(2)} of bare`.padStart(15),
    `p50 ${found.p50Ms} ms`.padStart(14),
    `p99 ${found.p99Ms} ms`.padStart(15),
    found.failed > 0 ? `${found.failed} FAILED` : '',
  ]
  console.log(cells.join(' '))
  if (found.failed > 0) process.exitCode = 1
}

async function create({ port, key }: Target, name: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v3/secrets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, value: 's3cur3-p4ssw0rd-of-some-length' }),
  })
  if (response.status !== 201) throw new Error(`Create answered ${response.status}.`)
  await response.arrayBuffer()
}

/** In a process of its own, like the server that it is compared with. */
function startBare(): Promise<Target> {
  const script = `const body = '{"id":1,"name":"db-password","value":"s3cur3","created_at":"2026-01-15T10:30:00Z","updated_at":"2026-01-15T10:30:00Z"}'
    const server = require('node:http').createServer((_, answer) => answer.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body))
    server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port))`
  return started('bare http', '', spawn(process.execPath, ['-e', script]), () => {})
}

function startStrongroom(name: string, databaseUrl: string | undefined): Promise<Target> {
  const dataDir = mkdtempSync(join(tmpdir(), 'strongroom-bench-'))
  const key = generateToken()
  const main = join(import.meta.dirname, '..', 'src', 'main.ts')
  const child = spawn(process.execPath, [...process.execArgv, main, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      STRONGROOM_LISTEN: '127.0.0.1:0',
      STRONGROOM_DATA_DIR: dataDir,
      STRONGROOM_BOOTSTRAP_API_KEY: key,
      STRONGROOM_RATE_LIMIT: 'off',
      ...(databaseUrl === undefined ? {} : { STRONGROOM_DATABASE_URL: databaseUrl }),
    },
  })
  return started(name, key, child, () => rmSync(dataDir, { recursive: true, force: true }))
}

function started(name: string, key: string, child: ChildProcess, clear: () => void): Promise<Target> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stderr?.pipe(process.stderr)
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${text}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk
      const port = /http:\/\/127\.0\.0\.1:(\d+)(\/v3)?\s/.exec(text)?.[1]
      const stop = async () => {
        const gone = new Promise((done) => child.once('exit', done))
        child.kill()
        await gone
        clear()
      }
      if (port !== undefined) resolve({ name, key, port: Number(port), stop })
    })
  })
}
