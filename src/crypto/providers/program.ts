/** Programs that do what this process cannot do itself, or should not: run without a shell, for a time, and with little to say. */
import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { codeOf } from '../../error-code.ts'
import { ProviderTrouble } from './provider.ts'

const maxOutput = 16_384
/** Where they look for others. Not ours, which whoever started the server may have chosen. */
export const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface Program {
  /** In sentences. */
  readonly called: string
  readonly path: string
  readonly args: readonly string[]
  readonly input?: Uint8Array
  readonly cwd?: string
  /** `undefined` for that of this process. */
  readonly env: Readonly<Record<string, string>> | undefined
  readonly timeoutMs: number
  /** Which of its descriptors is listened to, beside that of its errors. */
  readonly answersOn?: 1 | 3
  /** Whether what it says of its errors is kept, to tell them apart. It may be secret, and is for no message. */
  readonly areErrorsKept?: boolean
}

export interface Ran {
  readonly code: number
  /** To be wiped. */
  readonly output: Buffer
  readonly errors: string
}

/** @throws ProviderTrouble when it cannot be run, does not end in time, or writes too much */
export function run(program: Program): Promise<Ran> {
  const { called, path, args, input, cwd, env, timeoutMs, answersOn = 1, areErrorsKept = false } = program
  const more = answersOn === 3 ? ['pipe' as const] : []
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      shell: false,
      stdio: ['pipe', answersOn === 1 ? 'pipe' : 'ignore', areErrorsKept ? 'pipe' : 'ignore', ...more],
      ...(env === undefined ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
    })
    let fault: string | undefined
    const end = (why: string) => {
      fault ??= why
      child.kill('SIGKILL')
      // Programs that it has started may hold them open for as long as they like.
      for (const stream of child.stdio) stream?.destroy()
    }
    const onTooMuch = () => end(`wrote more than ${maxOutput} bytes`)
    const [output, errors] = [new Heard(child.stdio[answersOn], onTooMuch), new Heard(child.stdio[2], onTooMuch)]
    const late = setTimeout(() => end(`did not end within ${timeoutMs / 1000} seconds`), timeoutMs)
    const fail = (reason: 'away' | 'denied', message: string, cause?: unknown) => {
      clearTimeout(late)
      output.take().fill(0)
      reject(new ProviderTrouble(reason, message, { cause }))
    }
    child.on('error', (error) => {
      const code = codeOf(error)
      fail(code === 'EACCES' ? 'denied' : 'away', `${called} cannot be run (${code}).`)
    })
    // A program that reads nothing, and says so by its exit code.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    child.on('close', (code, signal) => {
      if (fault !== undefined) return fail('away', `${called} ${fault}.`)
      if (signal !== null || code === null) return fail('away', `${called} was ended by ${signal}.`)
      clearTimeout(late)
      resolve({ code, output: output.take(), errors: errors.take().toString('latin1') })
    })
  })
}

/** What comes out of a program, up to a limit. */
class Heard {
  readonly #parts: Buffer[] = []

  constructor(stream: unknown, onTooMuch: () => void) {
    if (!(stream instanceof Readable)) return
    let size = 0
    stream.on('data', (part: Buffer) => {
      this.#parts.push(part)
      size += part.length
      if (size > maxOutput) onTooMuch()
    })
  }

  /** All of it. Its parts are wiped. */
  take(): Buffer {
    const whole = Buffer.concat(this.#parts)
    for (const part of this.#parts.splice(0)) part.fill(0)
    return whole
  }
}
