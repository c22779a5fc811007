/** Loads a server and says what it bore: with wrk where it is installed, which takes least from the server beside it. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Load, Measured } from './load.ts'
import { cpuMicrosOfAll, isInstalled, type Target } from './servers.ts'

const run = promisify(execFile)

export const generator = isInstalled('wrk') ? 'wrk' : 'bench/load.ts'

/** What a request takes of the processors, in microseconds: of the server's process, and of the database's. */
export interface Cost {
  readonly cpuMicros: number
  readonly databaseMicros?: number
}

/** @param databasePid the first process of the PostgreSQL server, where there is one */
export async function measure(
  target: Target,
  what: Pick<Load, 'kind' | 'connections' | 'seconds' | 'secrets'>,
  databasePid?: number,
): Promise<Measured & Cost> {
  const load: Load = { ...what, port: target.port, key: target.key, prefix: `${what.kind}-${Date.now().toString(36)}` }
  const before = target.cpuMicros()
  const databaseBefore = databasePid === undefined ? 0 : cpuMicrosOfAll(databasePid)
  const measured = await (generator === 'wrk' ? measureWithWrk(load) : measureAlone(load))
  const each = (micros: number) => Math.round((micros / measured.requests) * 10) / 10
  return {
    ...measured,
    cpuMicros: each(target.cpuMicros() - before),
    ...(databasePid === undefined ? {} : { databaseMicros: each(cpuMicrosOfAll(databasePid) - databaseBefore) }),
  }
}

/** Makes secrets until there are so many. */
export async function fill(target: Target, from: number, to: number): Promise<void> {
  const { failed } = await measureAlone({
    port: target.port,
    key: target.key,
    kind: 'create',
    connections: 64,
    seconds: 3600,
    requests: to - from,
    secrets: to,
    prefix: `bench-${from}`,
  })
  if (failed > 0) throw new Error(`${failed} of the secrets were not made.`)
}

export async function measureAlone(load: Load): Promise<Measured> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'load.ts'), JSON.stringify(load)])
  return JSON.parse(stdout) as Measured
}

async function measureWithWrk(load: Load): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'))
  try {
    const script = join(folder, 'requests.lua')
    writeFileSync(script, luaOf(load))
    const { stdout } = await run('wrk', [
      '--threads=1',
      `--connections=${load.connections}`,
      `--duration=${load.seconds}s`,
      '--latency',
      `--script=${script}`,
      `http://127.0.0.1:${load.port}`,
    ])
    return {
      requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
      perSecond: Math.round(Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(stdout)?.[1])),
      p50Ms: milliseconds(/^\s+50%\s+(\S+)$/m.exec(stdout)?.[1]),
      p99Ms: milliseconds(/^\s+99%\s+(\S+)$/m.exec(stdout)?.[1]),
      failed: Number(/^\s+Non-2xx or 3xx responses: (\d+)$/m.exec(stdout)?.[1] ?? 0),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function luaOf({ kind, key, secrets, prefix }: Load): string {
  const request = {
    constant: `return wrk.format('GET', '/')`,
    read: `return wrk.format('GET', '/v3/secrets/' .. (1 + count % ${secrets}))`,
    vault: `return wrk.format('GET', '/v1/secret/data/bench-0-' .. (1 + count % ${secrets}))`,
    create: `return wrk.format('POST', '/v3/secrets', nil, '{"name":"${prefix}-' .. count .. '","value":"s3cur3-p4ssw0rd-of-some-length"}')`,
  }[kind]
  return `
    wrk.headers['Authorization'] = 'Bearer ${key}'
    wrk.headers['Content-Type'] = 'application/json'
    local count = 0
    function request() count = count + 1; ${request} end`
}

/** wrk writes "812.00us", "3.41ms" or "1.20s". */
function milliseconds(text = ''): number {
  const [, number, unit = 'ms'] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? []
  return Math.round(Number(number) * { us: 0.001, ms: 1, s: 1000 }[unit as 'us' | 'ms' | 's'] * 100) / 100
}
