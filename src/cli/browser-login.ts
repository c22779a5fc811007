/**
 * Logging in with the browser: the server gives a code, a person confirms it in the portal, and the key comes here without
 * anybody handling it (device authorization, RFC 8628).
 */
import { spawn } from 'node:child_process'
import { constants, hostname } from 'node:os'
import { setTimeout as later } from 'node:timers/promises'
import { RateLimited, TimedOut, Unavailable, Unreachable } from '../client/errors.ts'
import { beginLogin, cancelLogin, pollLogin } from '../client/logins.ts'
import type { BegunLogin, GrantedLogin } from '../client/model.ts'
import type { Fetch } from '../client/options.ts'
import { Fault, shown, tell } from './output.ts'
import { environmentForOthers, variable } from './process-env.ts'
import { progress } from './progress.ts'

export interface BrowserLogin {
  readonly account: string | undefined
  readonly scopes: readonly string[] | undefined
  /** How long the key is to live. */
  readonly seconds: number
  readonly bindsNetwork: boolean
  /** Whether a browser may be opened. */
  readonly opens: boolean
  readonly isQuiet: boolean
}

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Ending = (typeof endings)[number]
const cancelMs = 3000

/**
 * Shows the code, and waits until a person has answered. Ctrl-C calls it off on the server too, and ends the command.
 *
 * @param keep stores the key, or revokes it and throws: nobody else has it. Its signal says that the command is to end
 * @throws Fault `denied` when it was refused, `failure` when nobody answered in time; and whatever `keep` throws
 */
export async function logInWithBrowser(
  url: string,
  fetch: Fetch,
  wanted: BrowserLogin,
  keep: (granted: GrantedLogin, signal: AbortSignal) => Promise<void>,
): Promise<GrantedLogin> {
  const { account, scopes, seconds, bindsNetwork } = wanted
  const server = { url, fetch, timeoutMs: 30_000 }
  const begun = await beginLogin(server, {
    ...{ host: hostOf(), expires_in: seconds, bind_network: bindsNetwork },
    ...(account === undefined ? {} : { account }),
    ...(scopes === undefined ? {} : { scopes: [...scopes] }),
  })
  const ending = new AbortController()
  let heard: Ending | undefined
  const stop = (signal: Ending) => {
    heard ??= signal
    ending.abort()
  }
  for (const signal of endings) process.once(signal, stop)
  try {
    show(begun, wanted.opens && openBrowser(begun.verification_uri_complete))
    const granted = await waitFor(server, begun, ending.signal, wanted.isQuiet)
    await keep(granted, ending.signal)
    return granted
  } catch (error) {
    if (heard === undefined) throw error
    return await cancel(server, begun, heard)
  } finally {
    for (const signal of endings) process.off(signal, stop)
  }
}

/** What the key will be named after. */
export function hostOf(): string {
  return hostname().slice(0, 100) || 'this computer'
}

function show({ user_code: code, verification_uri: place }: BegunLogin, isOpened: boolean): void {
  tell(`Your code: ${shown(code)}`)
  tell(
    isOpened
      ? `Your browser opens ${shown(place)}. If it does not, open it yourself and enter the code.`
      : `Open ${shown(place)} and enter the code.`,
  )
  tell('Only confirm it there if the page shows the same code.')
}

async function waitFor(
  server: { readonly url: string; readonly timeoutMs: number },
  begun: BegunLogin,
  signal: AbortSignal,
  isQuiet: boolean,
): Promise<GrantedLogin> {
  const endsAt = Date.now() + begun.expires_in * 1000
  const line = progress('seconds left to confirm it', undefined, !isQuiet)
  let { interval } = begun
  // An answer that is on its way may have the key, which is given out once: it is waited for, but not for long.
  const late = new AbortController()
  const end = () => setTimeout(() => late.abort(), cancelMs).unref()
  signal.addEventListener('abort', end, { once: true })
  try {
    while (Date.now() < endsAt) {
      await pause(interval, endsAt, (left) => line.at(left, 'Ctrl-C cancels'), signal)
      const answer = await pollLogin(server, begun.device_code, { signal: late.signal }).catch(orAgain)
      if (answer === undefined) continue
      if (answer.state === 'granted') return answer
      if (answer.state === 'pending' || answer.state === 'slow_down') interval = answer.interval
      else throw over[answer.state]()
    }
  } finally {
    signal.removeEventListener('abort', end)
    line.end()
  }
  throw over.expired()
}

const over = {
  refused: () => new Fault('denied', 'The login was denied in the portal. Nothing is stored.'),
  expired: () => new Fault('failure', 'Nobody confirmed the code in time. Run "strongroom login" again for a new one.'),
  used: () => {
    const text = 'The server has given out the key of this login, and its answer got lost.'
    return new Fault('failure', `${text} Revoke "CLI on ${hostOf()}" in the portal, and run "strongroom login" again.`)
  },
}

/** Nothing was given out while the server was away: it is asked again (RFC 8628, 3.5). */
function orAgain(error: unknown): undefined {
  if ([Unreachable, Unavailable, TimedOut, RateLimited].some((kind) => error instanceof kind)) return undefined
  throw error
}

async function pause(seconds: number, endsAt: number, at: (left: number) => void, signal: AbortSignal): Promise<void> {
  const until = Math.min(endsAt, Date.now() + seconds * 1000)
  for (let now = Date.now(); now < until; now = Date.now()) {
    at(Math.ceil((endsAt - now) / 1000))
    await later(Math.min(1000, until - now), undefined, { signal })
  }
}

async function cancel(
  server: { readonly url: string },
  { device_code: code }: BegunLogin,
  signal: Ending,
): Promise<never> {
  process.stderr.write('\r\u001b[K')
  const isDone = await cancelLogin(server, code, { timeoutMs: cancelMs, retries: 0 }).then(
    () => true,
    () => false,
  )
  tell(
    isDone
      ? 'Cancelled. The code is no longer valid.'
      : 'Cancelled here. The code stays valid for 10 minutes: do not confirm it.',
  )
  process.exit(128 + constants.signals[signal])
}

/** @returns whether there is a browser to open it in, as far as can be known */
function openBrowser(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined
  // What a server says is opened as a page or not at all.
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return false
  const how = openerOf(url.href)
  if (how === undefined) return false
  const [program, ...words] = how
  const child = spawn(program, words, { stdio: 'ignore', detached: true, env: environmentForOthers() })
  child.on('error', () => {})
  child.unref()
  return true
}

/** Over SSH, and where there is no desktop, a browser would open where nobody sits. */
function openerOf(url: string): readonly [string, ...string[]] | undefined {
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url]
  if (variable('SSH_CONNECTION') !== undefined) return undefined
  if (process.platform === 'darwin') return ['open', url]
  const hasDesktop = ['DISPLAY', 'WAYLAND_DISPLAY', 'BROWSER'].some((name) => variable(name) !== undefined)
  return hasDesktop ? ['xdg-open', url] : undefined
}
