/** A Debian under its own systemd, in a container of systemd-nspawn, with the files of `deploy/` as they are. */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Lasting } from '../../support/server.ts'
import { debianFile, readyDebian } from '../debian.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const tools = ['systemd-nspawn', 'nsenter', 'tar']
const debian = { name: 'systemd', packages: 'systemd,systemd-sysv,dbus,libatomic1,util-linux,procps' }

/** Why these tests are passed over; `false` when all is there. */
export function missingForContainers(): string | false {
  if (process.getuid?.() !== 0) return 'systemd-nspawn is for root'
  const needed = existsSync(debianFile(debian)) ? tools : [...tools, 'mmdebstrap']
  const absent = needed.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  return absent.length > 0 ? `${absent.join(', ')}: not installed` : false
}

function showing(property: string): string {
  return `systemctl show --property=${property} --value strongroom`
}

export class Container {
  readonly folder: string
  #process: ChildProcess | undefined
  #leader = 0

  constructor(t: Lasting) {
    // Not in memory: file systems there may have no devices.
    this.folder = mkdtempSync('/var/tmp/strongroom-systemd-')
    t.after(() => this.#end())
    execFileSync('tar', ['-xpf', readyDebian(debian), '-C', this.folder])
    mkdirSync(join(this.folder, 'opt/strongroom'))
    this.install('deploy/strongroom.service', 'etc/systemd/system/strongroom.service')
    this.install('deploy/strongroom-host', 'usr/local/sbin/strongroom-host', 0o755)
    this.install('deploy/strongroom.env', 'etc/strongroom/strongroom.env')
    this.write('etc/strongroom/root.key', Buffer.alloc(32, 7).toString('base64url'), 0o600)
  }

  /** Copies a file of the project to where the documents say. */
  install(from: string, to: string, mode = 0o644): void {
    const path = join(this.folder, to)
    mkdirSync(dirname(path), { recursive: true })
    copyFileSync(join(root, from), path)
    execFileSync('chmod', [mode.toString(8), path])
  }

  write(to: string, text: string, mode = 0o644): void {
    const path = join(this.folder, to)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { mode })
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8')
  }

  /** @throws when its systemd does not come up */
  async boot(): Promise<void> {
    const how = ['--quiet', '--boot', '--register=no', '--keep-unit', '--private-network']
    const what = [`--directory=${this.folder}`, `--bind-ro=${root}:/opt/strongroom`]
    const child = spawn('systemd-nspawn', [...how, ...what], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    let console = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (console += part))
    const end = performance.now() + 300_000
    while (performance.now() < end) {
      if (child.exitCode !== null) break
      await setTimeout(200)
      const pid = Number(child.pid)
      this.#leader = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
      const { stdout } = await this.run('systemctl is-system-running || true').catch(() => ({ stdout: '' }))
      if (/^(running|degraded)/.test(stdout)) return
    }
    throw new Error(`It does not boot: ${console.slice(-2000)}`)
  }

  /** Runs a line of shell in it. */
  async run(line: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const inside = ['--target', String(this.#leader), '--all', '/bin/sh', '-c', line]
    try {
      return { code: 0, ...(await promisify(execFile)('nsenter', inside, { timeout: 600_000 })) }
    } catch (error) {
      if (!(error instanceof Error && 'stdout' in error && 'stderr' in error && 'code' in error)) throw error
      return { code: Number(error.code), stdout: String(error.stdout), stderr: String(error.stderr) }
    }
  }

  /** Of the unit: what `systemctl show` says. */
  async show(property: string): Promise<string> {
    return (await this.run(showing(property))).stdout.trim()
  }

  /** Waits until what a line prints is so. */
  async untilPrints(line: string, isSo: (printed: string) => boolean): Promise<void> {
    const end = performance.now() + 180_000
    for (;;) {
      const { stdout, stderr } = await this.run(line)
      if (isSo(stdout.trim())) return
      if (performance.now() > end) throw new Error(`${line}: ${stdout}${stderr}`)
      await setTimeout(200)
    }
  }

  /** Waits until the unit has it so. */
  until(property: string, value: string): Promise<void> {
    return this.untilPrints(showing(property), (printed) => printed === value)
  }

  /** Waits until the unit was started again by itself so many times, or more. */
  untilRestarted(times: number): Promise<void> {
    return this.untilPrints(showing('NRestarts'), (printed) => Number(printed) >= times)
  }

  async #end(): Promise<void> {
    const child = this.#process
    if (child !== undefined && child.exitCode === null) {
      const gone = new Promise((resolve) => child.once('close', resolve))
      await this.run('systemctl halt --force --force').catch(() => {})
      await Promise.race([gone, setTimeout(5_000)])
      child.kill('SIGKILL')
      await gone
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}
