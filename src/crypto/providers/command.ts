/**
 * A root key behind a program of the operator's, for whatever Strongroom does not know:
 *
 *   PATH wrap    standard input: 32 bytes in base64        standard output: what it made of them, in base64
 *   PATH unwrap  standard input: that again                standard output: the 32 bytes, in base64
 *
 * The context is in `STRONGROOM_ROOT_KEY_CONTEXT`, hexadecimal, to be bound where that can be done. Exit code 0 is well, 3 says
 * that it is not of this key, anything else that it cannot be done now. No shell, and nothing of our environment but the path.
 */
import { spawn } from 'node:child_process'
import { ProviderTrouble, patienceMs, type RootKeyProvider } from './provider.ts'

const maxOutput = 16_384
const notOfThisKey = 3
const base64 = /^[A-Za-z0-9+/]+={0,2}$/

export function commandKey({ path }: { readonly path: string }, timeoutMs = patienceMs): RootKeyProvider {
  const shown = `command:${path}`
  return {
    kind: 'command',
    id: path,
    shown,
    wrap: async (plain, context) => {
      const wrapped = await run({ path, operation: 'wrap', timeoutMs }, plain, context)
      if (wrapped === undefined) throw new ProviderTrouble('denied', 'The command does not wrap: it ended with 3.')
      return wrapped
    },
    unwrap: (wrapped, context) => run({ path, operation: 'unwrap', timeoutMs }, wrapped, context),
  }
}

interface Call {
  readonly path: string
  readonly operation: 'wrap' | 'unwrap'
  readonly timeoutMs: number
}

/** What it writes to standard error is not passed on: it may be secret. */
function run(
  { path, operation, timeoutMs }: Call,
  input: Uint8Array,
  context: Uint8Array,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, [operation], {
      shell: false,
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        STRONGROOM_ROOT_KEY_CONTEXT: Buffer.from(context).toString('hex'),
      },
    })
    const output: Buffer[] = []
    let size = 0
    const fail = (reason: 'away' | 'denied', message: string, cause?: unknown) => {
      wipe(output)
      reject(new ProviderTrouble(reason, message, { cause }))
    }
    let isTooMuch = false
    const end = () => {
      isTooMuch = true
      child.kill('SIGKILL')
    }
    child.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined
      fail(code === 'EACCES' ? 'denied' : 'away', `The command cannot be run (${code}).`)
    })
    // A program that reads nothing, and says so by its exit code.
    child.stdin.on('error', () => {})
    child.stdin.end(`${Buffer.from(input).toString('base64')}\n`)
    child.stdout.on('data', (part: Buffer) => {
      output.push(part)
      size += part.length
      if (size > maxOutput) end()
    })
    child.on('close', (code, signal) => {
      if (isTooMuch) return fail('away', `The command wrote more than ${maxOutput} bytes.`)
      if (signal !== null)
        return fail('away', `The command was ended by ${signal}; it has ${timeoutMs / 1000} seconds.`)
      if (code === notOfThisKey) return resolve(undefined)
      if (code !== 0) return fail('away', `The command ended with ${code}.`)
      const decoded = decode(output)
      if (decoded === undefined) return fail('away', 'The command wrote something else than base64.')
      resolve(decoded)
    })
  })
}

function decode(output: readonly Buffer[]): Buffer | undefined {
  const whole = Buffer.concat(output)
  const text = whole.toString('latin1').trim()
  whole.fill(0)
  wipe(output)
  return base64.test(text) ? Buffer.from(text, 'base64') : undefined
}

function wipe(parts: readonly Buffer[]): void {
  for (const part of parts) part.fill(0)
}
