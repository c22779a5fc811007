/** A throw-away PostgreSQL cluster from the binaries of this machine, for one run of the tests or the benchmark. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { Client } from 'pg'
import { asAnother } from './as-another.ts'
import { freePort } from './free-port.ts'

export interface Cluster {
  /** Connection string of a superuser. */
  readonly url: string
  /** Its first process, whose children do the work. */
  readonly pid: number
  /** Starts a standby that follows it. */
  startStandby(): Promise<Standby>
  /** Stops all its processes where they are, as a host that hangs does. */
  freeze(): void
  /** Lets them go on. */
  thaw(): void
  stop(): void
}

export interface Standby extends Cluster {
  /** Makes a primary of it, whatever the other one does. */
  promote(): void
}

/** Where Debian and others put the server's own programs. */
function binaries(): string | undefined {
  const found = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' })
  const debian = existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql')
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => `/usr/lib/postgresql/${version}/bin`)
    : []
  return [...debian, found.stdout?.trim() ?? '']
    .filter((folder) => folder !== '')
    .find((folder) => existsSync(join(folder, 'initdb')))
}

/** Starts a cluster, or says `undefined` when this machine has no PostgreSQL server. */
export async function startCluster(): Promise<Cluster | undefined> {
  const bin = binaries()
  if (bin === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-pg-'))
  const run = runner(folder)
  const encoding = ['-E', 'UTF8', '--locale=C']
  run(join(bin, 'initdb'), ['-D', join(folder, 'data'), '-U', 'postgres', '--auth=trust', '--no-sync', ...encoding])
  return start(bin, folder, run)
}

type Run = (program: string, parameters: string[]) => void

/** Starts what is in the folder's `data`. */
async function start(bin: string, folder: string, run: Run): Promise<Cluster> {
  const port = await freePort()
  const data = join(folder, 'data')
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=200`
  run(join(bin, 'pg_ctl'), ['-D', data, '-w', '-o', options, '-l', join(folder, 'log'), 'start'])
  // A line of its own, the first (PostgreSQL documentation, "postmaster.pid").
  const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
  const signal = (name: NodeJS.Signals) => {
    const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    for (const one of [pid, ...stdout.split('\n').flatMap((line) => Number(line) || [])]) {
      try {
        process.kill(one, name)
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    pid,
    startStandby: () => startStandby(bin, port),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    stop: () => {
      signal('SIGCONT')
      run(join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop'])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Ends the clusters in a folder whose tests were ended before they could do it: each has left its own session. */
export function endClusters(folder: string): void {
  for (const path of globSync(join(folder, 'strongroom-pg-*/data/postmaster.pid'))) {
    try {
      const pid = Number(readFileSync(path, 'utf8').split('\n')[0])
      // It works where its data is. One that was killed has left the number, which may be another's by now.
      if (readlinkSync(`/proc/${pid}/cwd`) === dirname(path)) process.kill(pid, 'SIGQUIT')
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function startStandby(bin: string, primary: number): Promise<Standby> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-pg-'))
  const run = runner(folder)
  const data = join(folder, 'data')
  const from = `host=127.0.0.1 port=${primary} user=postgres`
  run(join(bin, 'pg_basebackup'), ['-D', data, '-d', from, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'])
  const cluster = await start(bin, folder, run)
  return { ...cluster, promote: () => run(join(bin, 'pg_ctl'), ['-D', data, '-w', 'promote']) }
}

/** PostgreSQL refuses to run as root. */
function runner(folder: string): Run {
  const user = asAnother(folder)
  return (program, parameters) => {
    execFileSync(program, parameters, { stdio: 'ignore', cwd: folder, ...user })
  }
}

/** A connection until the end of the test; it breaks in silence, as its cluster may be stopped under it. */
export async function connectTo(t: TestContext, url: string | undefined): Promise<Client> {
  const client = new Client(url)
  client.on('error', () => {})
  await client.connect()
  t.after(() => client.end().catch(() => {}))
  return client
}

/** Runs one statement over a connection of its own. */
export async function administer(url: string | undefined, statement: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  await client.query(statement).finally(() => client.end())
}
