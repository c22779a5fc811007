/** Starts what is measured, each in a process of its own: Strongroom, nginx, and a bare node:http server. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateToken } from '../src/crypto/token.ts'
import { freePort } from '../test/support/free-port.ts'

export interface Target {
  readonly name: string
  readonly port: number
  readonly pid: number
  /** An API key with all scopes. */
  readonly key: string
  /** From the start of the process until it answers, in milliseconds. */
  readonly startMs: number
  /** Memory of the process that is resident, in bytes. */
  residentBytes(): number
  /** What all threads of the process have taken of the processors since its start, in microseconds. */
  cpuMicros(): number
  stop(): Promise<void>
}

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout)

/** About as long as the answer to a read. */
const constant =
  '{"id":1,"name":"bench-1","value":"s3cur3-p4ssw0rd-of-some-length","created_at":"2026-01-15T10:30:00Z","updated_at":"2026-01-15T10:30:00Z"}'

export function isInstalled(program: string): boolean {
  return spawnSync(program, ['-v']).error === undefined
}

/** One worker that answers a constant. */
export async function startNginx(): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'))
  const port = await freePort()
  const configuration = `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr error;
    events { worker_connections 1024; }
    http {
      access_log off; keepalive_requests 1000000000;
      server { listen 127.0.0.1:${port}; location / { default_type application/json; return 200 '${constant}'; } }
    }`
  writeFileSync(join(folder, 'nginx.conf'), configuration)
  const child = spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
  return started('nginx', '', child, port, folder)
}

export async function startBare(): Promise<Target> {
  const port = await freePort()
  const script = `const body = '${constant}'
    require('node:http').createServer((_, answer) => answer.writeHead(200, {
      'content-type': 'application/json', 'content-length': body.length
    }).end(body)).listen(${port}, '127.0.0.1')`
  return started('node:http', '', spawn(process.execPath, ['-e', script], { stdio: 'inherit' }), port)
}

/** As "npm start" and the service do. */
export const asNpmStart = { MALLOC_ARENA_MAX: '1', NODE_OPTIONS: '--max-semi-space-size=8' }

/** The least that a durable, recorded read takes. */
export function startFloor(): Promise<Target> {
  return startAlone('floor', 'floor.ts')
}

/** The least that it takes where values are sealed, and rows are checked. */
export function startSealedFloor(): Promise<Target> {
  return startAlone('sealed floor', 'sealed-floor.ts')
}

async function startAlone(name: string, program: string): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'))
  const port = await freePort()
  const key = generateToken()
  const parameters = ['--max-semi-space-size=8', join(import.meta.dirname, program), String(port), folder, key]
  return started(name, key, spawn(process.execPath, parameters, { stdio: 'inherit' }), port, folder)
}

export async function startStrongroom(
  name: string,
  databaseUrl?: string,
  { key = generateToken(), env = {} }: { key?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'))
  const port = await freePort()
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'dist', 'main.js'), 'serve'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      ...asNpmStart,
      STRONGROOM_LISTEN: `127.0.0.1:${port}`,
      STRONGROOM_DATA_DIR: folder,
      STRONGROOM_BOOTSTRAP_API_KEY: key,
      STRONGROOM_RATE_LIMIT: 'off',
      STRONGROOM_LOG_LEVEL: 'error',
      STRONGROOM_VAULT_API: 'on',
      ...(databaseUrl === undefined ? {} : { STRONGROOM_DATABASE_URL: databaseUrl }),
      ...env,
    },
  })
  return started(name, key, child, port, folder)
}

async function started(name: string, key: string, child: ChildProcess, port: number, folder?: string): Promise<Target> {
  const began = performance.now()
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}.`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return {
    name,
    key,
    port,
    pid: child.pid ?? 0,
    startMs: performance.now() - began,
    residentBytes: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
    },
    cpuMicros: () => cpuMicrosOfAll(child.pid ?? 0),
    stop: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await gone
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Of a process and the children that it has waited for (proc(5): `utime`, `stime`, `cutime`, `cstime`). */
function cpuMicrosOf(pid: number | undefined): number {
  const stat = statOf(pid)
  // After the name, which may hold anything, up to its closing parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return (ticks / ticksPerSecond) * 1e6
}

/** Of one that has ended meanwhile, whoever began it counts what it took. */
function statOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return ''
  }
}

/** Of a process and all that it has begun, such as the workers of nginx and the backends of PostgreSQL. */
export function cpuMicrosOfAll(pid: number): number {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
  return [pid, ...children.map(Number)].reduce((sum, one) => sum + cpuMicrosOf(one), 0)
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
    await answer.arrayBuffer()
    return true
  } catch {
    return false
  }
}
