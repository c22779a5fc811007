/** Virtual machines of Debian 12 with its own cloud-init, in QEMU. */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../../support/free-port.ts'
import type { Lasting } from '../../support/server.ts'

const tools = ['qemu-system-x86_64', 'qemu-img', 'mke2fs', 'ssh', 'ssh-keygen']
const buildScript = join(import.meta.dirname, 'build-image.sh')

/** Kept between runs, for each version of what builds it. */
function imageFolder(): string {
  const version = hash('sha256', readFileSync(buildScript), 'hex').slice(0, 12)
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return process.env['STRONGROOM_TEST_MACHINE'] ?? join(cache, 'strongroom-tests', `machine-${version}`)
}

/** Why these tests are passed over; `false` when all is there. */
export function missingForMachines(): string | false {
  const isThere = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0
  const needed = existsSync(join(imageFolder(), 'disk')) ? tools : [...tools, 'debootstrap']
  const absent = needed.filter((name) => !isThere(name))
  if (absent.length > 0) return `${absent.join(', ')}: not installed`
  return needed.includes('debootstrap') && process.getuid?.() !== 0 ? 'an image is only built by root' : false
}

/** The folder of the image, which is built when it is not there; that takes minutes. */
function readyImage(): string {
  const folder = imageFolder()
  if (existsSync(join(folder, 'disk'))) return folder
  mkdirSync(dirname(folder), { recursive: true })
  const building = mkdtempSync(`${folder}.`)
  execFileSync(buildScript, [building], { stdio: ['ignore', 'ignore', 'inherit'] })
  rmSync(folder, { recursive: true, force: true })
  renameSync(building, folder)
  return folder
}

/** Emulated, beside others: how long it may take to boot, or to shut down. */
const bootMs = 1_200_000

export interface Hardware {
  /** SMBIOS: the serial number of the system. */
  readonly serial?: string
  /** For the kernel, behind what it needs anyway. */
  readonly commandLine?: string
}

/** One machine with its disk, which stays from boot to boot. Emulated: slow, and the same wherever tests run. */
export class Machine {
  readonly #image: string
  readonly #folder: string
  #process: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #port = 0
  /** When it has to have booted, in milliseconds since 1970. */
  #deadline = 0

  constructor(t: Lasting) {
    this.#image = readyImage()
    this.#folder = mkdtempSync(join(tmpdir(), 'strongroom-machine-'))
    const backing = ['-F', 'raw', '-b', join(this.#image, 'disk')]
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, join(this.#folder, 'disk')])
    t.after(async () => {
      await this.cutPower()
      rmSync(this.#folder, { recursive: true, force: true })
    })
  }

  async powerOn({ serial, commandLine = '' }: Hardware): Promise<void> {
    this.#port = await freePort()
    const file = (name: string) => join(this.#folder, name)
    const child = spawn(
      'qemu-system-x86_64',
      [
        ...['-machine', 'q35', '-accel', 'tcg', '-m', '640', '-display', 'none'],
        ...['-kernel', join(this.#image, 'kernel'), '-initrd', join(this.#image, 'initrd')],
        ...[
          '-append',
          `root=/dev/vda rw console=ttyS0 no_timer_check ${commandLine}`,
          '-serial',
          `file:${file('console')}`,
        ],
        ...['-drive', `file=${file('disk')},if=virtio,format=qcow2`],
        ...['-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${this.#port}-:22`, '-device', 'virtio-net-pci,netdev=net'],
        ...(serial === undefined ? [] : ['-smbios', `type=1,serial=${serial}`]),
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    )
    this.#process = child
    this.#deadline = Date.now() + bootMs
    this.#ended = new Promise((resolve) => child.once('close', resolve))
  }

  /** As when the plug is pulled: what the machine had not written is lost. */
  async cutPower(): Promise<void> {
    this.#process?.kill('SIGKILL')
    await this.#ended
  }

  async shutDown(): Promise<void> {
    const asked = await this.run('systemctl poweroff').catch((error: unknown) => error)
    const isOver = await Promise.race([this.#ended.then(() => true), setTimeout(bootMs, false, { ref: false })])
    if (!isOver) throw new Error(`It does not shut down:\n${this.console()}`, { cause: asked })
  }

  /** Until cloud-init is through. @returns what it says of itself */
  async booted(): Promise<string> {
    for (;;) {
      try {
        return await this.run('cloud-init status --wait --long || true')
      } catch (error) {
        this.assertUp(error)
        await setTimeout(500)
      }
    }
  }

  /** @throws when it has ended, or takes too long to boot */
  assertUp(cause?: unknown): void {
    if (Date.now() > this.#deadline || this.#process?.exitCode !== null)
      throw new Error(`It does not boot:\n${this.console()}`, { cause })
  }

  /** A command of its shell, as root. @returns what it prints */
  async run(command: string): Promise<string> {
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'ConnectTimeout=60', 'LogLevel=ERROR']
    const { stdout } = await promisify(execFile)('ssh', [
      ...['-i', join(this.#image, 'key'), '-p', `${this.#port}`, '-o', 'BatchMode=yes'],
      ...options.flatMap((option) => ['-o', option]),
      ...['root@127.0.0.1', command],
    ])
    return stdout
  }

  console(): string {
    return readFileSync(join(this.#folder, 'console'), 'latin1')
  }
}
