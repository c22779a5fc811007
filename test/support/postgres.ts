/** A throw-away PostgreSQL cluster from the binaries of this machine, for one run of the tests or the benchmark. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

export interface Cluster {
  /** Connection string of a superuser. */
  readonly url: string
  /** Its first process, whose children do the work. */
  readonly pid: number
  stop(): void
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
  const port = await freePort()
  const run = runner(folder)
  run(join(bin, 'initdb'), [
    '-D',
    join(folder, 'data'),
    '-U',
    'postgres',
    '--auth=trust',
    '--no-sync',
    '-E',
    'UTF8',
    '--locale=C',
  ])
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=200`
  run(join(bin, 'pg_ctl'), ['-D', join(folder, 'data'), '-w', '-o', options, '-l', join(folder, 'log'), 'start'])
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    // A line of its own, the first (PostgreSQL documentation, "postmaster.pid").
    pid: Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]),
    stop: () => {
      run(join(bin, 'pg_ctl'), ['-D', join(folder, 'data'), '-m', 'immediate', 'stop'])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user that its package made, or as nobody. */
function runner(folder: string): (program: string, parameters: string[]) => void {
  const isRoot = userInfo().uid === 0
  const id = (flag: string) =>
    ['postgres', 'nobody']
      .map((user) => spawnSync('id', [flag, user], { encoding: 'utf8' }))
      .find(({ status }) => status === 0)
  const uid = Number(id('-u')?.stdout)
  const gid = Number(id('-g')?.stdout)
  if (isRoot) chownSync(folder, uid, gid)
  return (program, parameters) => {
    execFileSync(program, parameters, { stdio: 'ignore', cwd: folder, ...(isRoot ? { uid, gid } : {}) })
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('No free port.')
  return address.port
}
