/** A real rsyslog that writes what it receives into a file: each message as it came, with the fields that it found. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Pair } from './certificates.ts'
import type { Lasting } from './server.ts'

const has = (command: string) => spawnSync('sh', ['-c', command], { stdio: 'ignore' }).status === 0

export const withoutRsyslog = has('command -v rsyslogd') ? false : 'Needs rsyslog (Debian: apt-get install rsyslog).'
export const withoutRsyslogTls = has('ls /usr/lib/*/rsyslog/lmnsd_gtls.so')
  ? withoutRsyslog
  : 'Needs TLS for rsyslog (Debian: apt-get install rsyslog-gnutls).'

export interface RsyslogMessage {
  readonly message: string
  readonly data: string
  readonly app: string
  readonly kind: string
  readonly facility: string
  readonly severity: string
}

interface RsyslogTls {
  readonly ca: string
  readonly own: Pair
}

export class Rsyslog {
  readonly port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  constructor(t: Lasting, folder: string, port: number, tls?: RsyslogTls) {
    this.#folder = folder
    this.port = port
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'rsyslog.conf'), configOf(folder, port, tls))
    t.after(() => void this.#process?.kill('SIGKILL'))
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const pid = join(this.#folder, 'pid')
    const child = spawn('rsyslogd', ['-n', '-f', join(this.#folder, 'rsyslog.conf'), '-i', pid], { stdio: 'pipe' })
    this.#process = child
    let said = ''
    child.stderr?.on('data', (chunk) => {
      said += String(chunk)
    })
    const end = performance.now() + 60_000
    while (!(await isListening(this.port))) {
      if (child.exitCode !== null || performance.now() > end) throw new Error(`rsyslogd: ${said}`)
      await setTimeout(20)
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  get messages(): readonly RsyslogMessage[] {
    const path = join(this.#folder, 'received')
    if (!existsSync(path)) return []
    // One that is being written has no end yet.
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line))
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function configOf(folder: string, port: number, tls: RsyslogTls | undefined): string {
  const driver =
    tls === undefined
      ? ''
      : `DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="${tls.ca}" DefaultNetstreamDriverCertFile="${tls.own.cert}" DefaultNetstreamDriverKeyFile="${tls.own.key}"`
  const stream =
    tls === undefined ? '' : 'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid"'
  return `
global(workDirectory="${folder}" parser.escapeControlCharactersOnReceive="off" ${driver})
module(load="imtcp" ${stream})
template(name="found" type="list" option.jsonf="on") {
  property(outname="message" name="msg" format="jsonf")
  property(outname="data" name="structured-data" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="kind" name="msgid" format="jsonf")
  property(outname="facility" name="syslogfacility" format="jsonf")
  property(outname="severity" name="syslogseverity" format="jsonf")
}
ruleset(name="keep") {
  action(type="omfile" file="${folder}/received" template="found" asyncWriting="off" flushOnTXEnd="on")
}
input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="keep")
`
}
