/**
 * What systemd is told of the server (sd_notify(3)): that it listens, reads its files anew, stops, and is alive. Node has
 * no datagram sockets of Unix, so `systemd-notify` sends it, which is wherever systemd is; the unit allows its children to
 * (`NotifyAccess=all`).
 */
import { execFile } from 'node:child_process'

/** Nobody waits for it: only a system that does not answer takes so long. */
const patienceMs = 5_000

export class ServiceManager {
  readonly #isThere: boolean
  readonly #watchdogMs: number | undefined
  readonly #onFailure: (reason: string) => void
  #isWatched = false
  /** One after the other, as it was said. */
  #last: Promise<void> = Promise.resolve()

  /** @param onFailure told each time, if it cannot be told anything */
  constructor(variable: (name: string) => string | undefined, onFailure: (reason: string) => void) {
    this.#isThere = variable('NOTIFY_SOCKET') !== undefined
    const microseconds = Number(variable('WATCHDOG_USEC'))
    const isOurs = (variable('WATCHDOG_PID') ?? String(process.pid)) === String(process.pid)
    this.#watchdogMs = this.#isThere && isOurs && microseconds > 0 ? microseconds / 1000 : undefined
    this.#onFailure = onFailure
  }

  /** It listens, sealed or not. From now on it also says that it is alive, as often as it is asked to. */
  ready(status: string): void {
    void this.#tell('READY=1', `STATUS=${status}`)
    if (this.#watchdogMs === undefined || this.#isWatched) return
    this.#isWatched = true
    setInterval(() => void this.#tell('WATCHDOG=1'), this.#watchdogMs / 3).unref()
  }

  /** For whoever looks at its state. */
  status(text: string): void {
    void this.#tell(`STATUS=${text}`)
  }

  /** It reads its files anew, which takes no time. */
  reloaded(status: string): void {
    void this.#tell('RELOADING=1')
    void this.#tell('READY=1', `STATUS=${status}`)
  }

  stopping(status: string): void {
    void this.#tell('STOPPING=1', `STATUS=${status}`)
  }

  #tell(...assignments: readonly string[]): Promise<void> {
    if (!this.#isThere) return this.#last
    this.#last = this.#last.then(() => this.#send(assignments))
    return this.#last
  }

  #send(assignments: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      execFile('systemd-notify', assignments, { timeout: patienceMs, killSignal: 'SIGKILL' }, (error) => {
        if (error !== null) this.#onFailure(error.message)
        resolve()
      })
    })
  }
}
