/**
 * A root key behind a program of the operator's, for whatever Strongroom does not know:
 *
 *   PATH wrap    standard input: 32 bytes in base64        standard output: what it made of them, in base64
 *   PATH unwrap  standard input: that again                standard output: the 32 bytes, in base64
 *
 * The context is in `STRONGROOM_ROOT_KEY_CONTEXT`, hexadecimal, to be bound where that can be done. Exit code 0 is well, 3 says
 * that it is not of this key, anything else that it cannot be done now. No shell, and nothing of our environment but the path.
 */
import { run, usualPath } from './program.ts'
import { ProviderTrouble, patienceMs, type RootKeyProvider } from './provider.ts'

const notOfThisKey = 3
const base64 = /^[A-Za-z0-9+/]+={0,2}$/

export function commandKey({ path }: { readonly path: string }, timeoutMs = patienceMs): RootKeyProvider {
  const shown = `command:${path}`
  return {
    kind: 'command',
    id: path,
    shown,
    wrap: async (plain, context) => {
      const wrapped = await call({ path, operation: 'wrap', timeoutMs }, plain, context)
      if (wrapped === undefined) throw new ProviderTrouble('denied', 'The command does not wrap: it ended with 3.')
      return wrapped
    },
    unwrap: (wrapped, context) => call({ path, operation: 'unwrap', timeoutMs }, wrapped, context),
  }
}

interface Call {
  readonly path: string
  readonly operation: 'wrap' | 'unwrap'
  readonly timeoutMs: number
}

/** What it writes to standard error is not passed on: it may be secret. */
async function call(
  { path, operation, timeoutMs }: Call,
  input: Uint8Array,
  context: Uint8Array,
): Promise<Buffer | undefined> {
  const { code, output } = await run({
    called: 'The command',
    path,
    args: [operation],
    input: Buffer.from(`${Buffer.from(input).toString('base64')}\n`),
    env: { PATH: usualPath, STRONGROOM_ROOT_KEY_CONTEXT: Buffer.from(context).toString('hex') },
    timeoutMs,
  })
  const decoded = code === 0 ? decode(output) : undefined
  output.fill(0)
  if (code === notOfThisKey) return undefined
  if (code !== 0) throw new ProviderTrouble('away', `The command ended with ${code}.`)
  if (decoded === undefined) throw new ProviderTrouble('away', 'The command wrote something else than base64.')
  return decoded
}

function decode(output: Buffer): Buffer | undefined {
  const text = output.toString('latin1').trim()
  return base64.test(text) ? Buffer.from(text, 'base64') : undefined
}
