/**
 * A root key in a hardware module, spoken to by PKCS#11: it wraps and unwraps there, with AES-GCM, and does not come out.
 *
 * Calls of PKCS#11 block, and none can be broken off. So each is made by a process of its own (`pkcs11-call.ts`), which is
 * killed when it hangs, takes nothing with it when the manufacturer's library crashes, and finds a token again that was
 * taken out and put back. PIN and library are never in this process.
 */
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Refusal } from '../../errors.ts'
import { randomBytes } from '../random.ts'
import { isAnswer, type TokenAnswer, type TokenRequest, type TokenSource } from './pkcs11-token.ts'
import { run } from './program.ts'
import { ProviderTrouble, patienceMs, type RootKeyProvider } from './provider.ts'

/** Beside this file, in the sources and in what is built of them. */
export const callPath = fileURLToPath(new URL(`./pkcs11-call${extname(import.meta.url)}`, import.meta.url))
const built = 'pkcs11js/build/Release/pkcs11.node'

/** What is remembered of a token as long as this process lives, by whoever asks it. */
interface Turn {
  /** Until it has answered: it is asked by one at a time. */
  last: Promise<unknown>
  /** What tells the PIN that it refused, and nothing about it. */
  refusedPin: string | undefined
}

interface Asked {
  readonly answer: TokenAnswer
  readonly output: Buffer
}

type Call = (request: TokenRequest, bytes: Uint8Array) => Promise<Asked>

const turns = new Map<string, Turn>()
/** Of this process alone, so that what is remembered of a PIN cannot be tried out elsewhere. */
const pinSalt = randomBytes(32).toString('hex')

/** @throws Refusal `invalid` when the package that speaks PKCS#11 is not there */
export function pkcs11Key(source: TokenSource, call: Call = ask): RootKeyProvider {
  if (!isBuilt()) {
    throw new Refusal(
      'invalid',
      'A root key of pkcs11: needs the package pkcs11js, which is not here, or was not built. Install it beside Strongroom, where there is a compiler of C++: npm install -g --allow-scripts=pkcs11js strongroom',
    )
  }
  const id = pkcs11IdOf(source)
  const use = async (operation: 'wrap' | 'unwrap', bytes: Uint8Array, context: Uint8Array) => {
    const { answer, output } = await inTurn(source, (turn) => {
      const { refusedPin } = turn
      const place = { ...source, context: Buffer.from(context).toString('hex') }
      return call({ ...place, operation, lifeMs: 2 * patienceMs, pinSalt, refusedPin }, bytes)
    })
    if (answer.state === 'done') return output
    output.fill(0)
    if ('message' in answer) throw new ProviderTrouble(answer.state, answer.message)
    return undefined
  }
  return {
    kind: 'pkcs11',
    id,
    shown: `pkcs11:${id}`,
    wrap: async (plain, context) => {
      const wrapped = await use('wrap', plain, context)
      if (wrapped === undefined) throw new ProviderTrouble('away', 'The token does not open what it has wrapped.')
      return wrapped
    },
    unwrap: (wrapped, context) => use('unwrap', wrapped, context),
  }
}

/** Which key it is: nothing of how its token is spoken to. */
export function pkcs11IdOf({ token, serial, object, id }: TokenSource): string {
  const named = { token, serial, object }
  const parts = Object.entries(named).flatMap(([name, text]) =>
    text === undefined ? [] : [`${name}=${encodeURIComponent(text)}`],
  )
  return [...parts, ...(id === undefined ? [] : [`id=${id.replaceAll(/../g, '%$&')}`])].join(';')
}

function isBuilt(): boolean {
  try {
    createRequire(import.meta.url).resolve(built)
    return true
  } catch {
    return false
  }
}

/** One after the other: a wrong PIN is not tried by several at once, for tokens count that, and lock. */
async function inTurn(
  { modulePath, token, serial, pinPath }: TokenSource,
  work: (turn: Turn) => Promise<Asked>,
): Promise<Asked> {
  const key = JSON.stringify([modulePath, token, serial, pinPath])
  const turn = turns.get(key) ?? { last: Promise.resolve(), refusedPin: undefined }
  turns.set(key, turn)
  const mine = turn.last.then(() => work(turn))
  turn.last = mine.catch(() => {})
  const done = await mine
  turn.refusedPin = 'message' in done.answer ? done.answer.refusedPin : undefined
  return done
}

/** Has a process ask the token. */
export async function ask(request: TokenRequest, bytes: Uint8Array, timeoutMs = patienceMs): Promise<Asked> {
  const head = Buffer.from(`${JSON.stringify(request)}\n`)
  const { code, output } = await run({
    called: 'The PKCS#11 module',
    path: process.execPath,
    args: [callPath],
    input: Buffer.concat([head, bytes]),
    // Manufacturers' libraries find their configuration there.
    env: undefined,
    answersOn: 3,
    timeoutMs,
  })
  const end = output.indexOf('\n')
  const answer: unknown = code === 0 && end > 0 ? JSON.parse(output.toString('utf8', 0, end)) : undefined
  if (isAnswer(answer)) return { answer, output: output.subarray(end + 1) }
  output.fill(0)
  throw new ProviderTrouble('away', `The PKCS#11 module ended without an answer (${code}).`)
}
