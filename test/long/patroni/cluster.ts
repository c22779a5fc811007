/** Three PostgreSQL under Patroni, with etcd, on the loopback: real processes, which can be switched over and killed. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { freePort } from '../../support/free-port.ts'
import type { Lasting } from '../../support/server.ts'
import { missingInVenv } from '../venv.ts'

/** Not below a home: PostgreSQL runs as another user. */
const cache = '/var/tmp/strongroom-tests'
const patroniVersion = '4.1.5'
const python = join(cache, `patroni-${patroniVersion}`)
/** One that another user may run, too. */
const pythonOfAll = '/usr/bin/python3'
const password = 'only-for-this-test'

/** Why these tests are passed over; `false` when all is there. */
export function missingForPatroni(): string | false {
  if (process.getuid?.() !== 0) return 'PostgreSQL is run as another user, by root alone'
  const tools = ['etcd', pythonOfAll, 'runuser'].filter(
    (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
  )
  if (tools.length > 0) return `${tools.join(', ')}: not installed`
  if (binaries() === undefined) return 'PostgreSQL: not installed'
  return missingInVenv(python, [`patroni[etcd3]==${patroniVersion}`, 'psycopg[binary]'], pythonOfAll)
}

function binaries(): string | undefined {
  return globSync('/usr/lib/postgresql/*/bin').sort().at(-1)
}

interface Member {
  readonly name: string
  readonly port: number
  readonly rest: number
  process: ChildProcess | undefined
}

interface State {
  readonly name: string
  readonly role: string
  readonly state: string
}

/** A standby that follows is `streaming`, the others `running`. */
function membersIn({ members }: { readonly members: readonly State[] }): readonly State[] {
  return members.map(({ name, role, state }) => ({ name, role, state: state === 'streaming' ? 'running' : state }))
}

export class PatroniCluster {
  readonly #folder = mkdtempSync(join(cache, 'cluster-'))
  readonly #members: Member[] = []
  #etcd: ChildProcess | undefined
  #etcdPort = 0

  constructor(t: Lasting) {
    t.after(() => this.#end())
  }

  /** Until one leads, two follow in step, and there is an empty database. @returns its URL, with all hosts */
  async start(): Promise<string> {
    chmodSync(this.#folder, 0o711)
    this.#etcdPort = await freePort()
    const at = `http://127.0.0.1:${this.#etcdPort}`
    const peer = `http://127.0.0.1:${await freePort()}`
    const urls = ['--listen-client-urls', at, '--advertise-client-urls', at, '--listen-peer-urls', peer]
    const own = ['--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`]
    this.#etcd = spawn('etcd', ['--data-dir', join(this.#folder, 'etcd'), ...urls, ...own], { stdio: 'ignore' })
    for (const name of ['one', 'two', 'three']) {
      const member: Member = { name, port: await freePort(), rest: await freePort(), process: undefined }
      this.#members.push(member)
      this.run(member.name)
      await this.#until(
        async () => (await this.#states()).filter(({ state }) => state === 'running').length === this.#members.length,
      )
    }
    await this.untilWhole()
    await this.query('postgres', "create database strongroom encoding 'UTF8' template template0")
    const hosts = this.#members.map(({ port }) => `127.0.0.1:${port}`).join()
    return `postgres://postgres:${password}@${hosts}/strongroom`
  }

  run(name: string): void {
    const member = this.#of(name)
    const data = join(this.#folder, name)
    mkdirSync(data, { recursive: true })
    execFileSync('chown', ['postgres', data])
    const settings = join(this.#folder, `${name}.json`)
    writeFileSync(settings, JSON.stringify(this.#settings(member, data)))
    execFileSync('chown', ['postgres', settings])
    const line = ['-u', 'postgres', '--', join(python, 'bin/patroni'), settings]
    member.process = spawn('runuser', line, { stdio: 'ignore', detached: true })
  }

  /** As when its host loses power. */
  kill(name: string): void {
    const { process: child, port } = this.#of(name)
    const folder = join(this.#folder, name)
    const group = Number(child?.pid)
    const postmaster = spawnSync('head', ['-1', join(folder, 'data/postmaster.pid')], {
      encoding: 'utf8',
    }).stdout.trim()
    process.kill(-group, 'SIGKILL')
    spawnSync('sh', ['-c', `kill -9 ${postmaster} $(ps -o pid= --ppid ${postmaster})`])
    if (port === 0) throw new Error('No such member.')
  }

  /** @returns which one leads, as soon as one does that is none of these */
  async #leader(...others: readonly string[]): Promise<string> {
    let leader: string | undefined
    await this.#until(async () => {
      leader = (await this.#states()).find(({ role, state }) => role === 'leader' && state === 'running')?.name
      return leader !== undefined && !others.includes(leader)
    })
    return leader ?? ''
  }

  /** Hands the lead on, in order, to one that is in step. @returns to whom */
  async switchOver(): Promise<string> {
    const leader = await this.untilWhole()
    const body = JSON.stringify({ leader })
    const answer = await fetch(`http://127.0.0.1:${this.#of(leader).rest}/switchover`, { method: 'POST', body })
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`)
    return this.#leader(leader)
  }

  /** Until all three run, and one leads that another is in step with. @returns which one leads */
  async untilWhole(): Promise<string> {
    let leader = ''
    await this.#until(async () => {
      const states = await this.#states()
      leader = states.find(({ role }) => role === 'leader')?.name ?? ''
      return (
        leader !== '' &&
        states.filter(({ state }) => state === 'running').length === this.#members.length &&
        states.some(({ role }) => /sync|quorum/.test(role))
      )
    })
    return leader
  }

  async query(database: string, text: string): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({
      host: '127.0.0.1',
      port: this.#of(await this.#leader()).port,
      user: 'postgres',
      password,
      database,
    })
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  #of(name: string): Member {
    const found = this.#members.find((member) => member.name === name)
    if (found === undefined) throw new Error(`No member ${name}.`)
    return found
  }

  async #states(): Promise<readonly State[]> {
    for (const { rest } of this.#members) {
      try {
        const answer = await fetch(`http://127.0.0.1:${rest}/cluster`, { signal: AbortSignal.timeout(2000) })
        return membersIn(JSON.parse(await answer.text()))
      } catch {
        // Another one knows it, too.
      }
    }
    return []
  }

  async #until(isSo: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 300_000
    while (!(await isSo().catch(() => false))) {
      if (performance.now() > end) throw new Error(`It stays as it is: ${JSON.stringify(await this.#states())}`)
      await setTimeout(250)
    }
  }

  #settings({ name, port, rest }: Member, folder: string) {
    const parameters = { unix_socket_directories: folder, max_connections: 60, wal_level: 'replica', hot_standby: 'on' }
    return {
      ...{ scope: 'strongroom', name },
      restapi: { listen: `127.0.0.1:${rest}`, connect_address: `127.0.0.1:${rest}` },
      etcd3: { host: `127.0.0.1:${this.#etcdPort}` },
      bootstrap: {
        dcs: {
          ...{ ttl: 20, loop_wait: 5, retry_timeout: 5, synchronous_mode: 'quorum', synchronous_mode_strict: true },
          postgresql: { use_pg_rewind: true, parameters },
        },
        initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums'],
      },
      postgresql: {
        ...{ listen: `127.0.0.1:${port}`, connect_address: `127.0.0.1:${port}`, bin_dir: binaries() },
        data_dir: join(folder, 'data'),
        pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256'],
        authentication: {
          superuser: { username: 'postgres', password },
          replication: { username: 'replicator', password },
          rewind: { username: 'postgres', password },
        },
        parameters: { ...parameters, password_encryption: 'scram-sha-256' },
      },
    }
  }

  async #end(): Promise<void> {
    for (const { name, process: child } of this.#members) if (child !== undefined) this.#stop(name)
    this.#etcd?.kill('SIGKILL')
    await setTimeout(500)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #stop(name: string): void {
    try {
      this.kill(name)
    } catch {
      // It was killed before.
    }
  }
}
