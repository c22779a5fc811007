/** Asking a server of others for what is to be brought over: bounded in time and size, following nothing, quoting nothing. */
import { setTimeout } from 'node:timers/promises'
import { codeOf } from '../error-code.ts'
import { Fault } from './output.ts'

export interface Answered {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

interface Question {
  /** In messages, in place of the URL, which may hold a key. */
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  /** What it means that it is away. */
  readonly outcome?: string
}

const timeoutMs = 60_000
/** An account of thousands of values has a few MiB. */
const maxBytes = 128 * 2 ** 20
/** Before each further try. */
const pausesMs = [500, 1500, 4000]
/** Whoever wants to be left alone for longer is away. */
const maxPauseMs = 60_000

/** The address of a server as it was typed. @throws Fault `usage` for what is none, or has more to it */
export function baseOf(url: string, option: string, example: string): string {
  const base = URL.canParse(url) ? new URL(url) : undefined
  const isPlain = base !== undefined && /^https?:$/.test(base.protocol) && !base.username && !base.password
  if (isPlain && !base.search && !base.hash) return base.href.replace(/\/*$/, '/')
  throw new Fault('usage', `${option} must be such as ${example}, without a user or a query.`)
}

/** @throws Fault `usage` for what no header can carry; it is not quoted */
export function checkCredential(text: string, what: string): string {
  if (/^[\x21-\x7e]{1,1024}$/.test(text)) return text
  throw new Fault('usage', `${what} must be printable characters without a blank or a line end.`)
}

/**
 * Asks, again after a pause where another try may help: when no answer comes, or one of 429, or of a failing server.
 *
 * @throws Fault `unreachable` when it does not help; `failure` for an answer that is longer than any
 */
export async function askOther(url: URL, question: Question): Promise<Answered> {
  for (let tries = 0; ; tries++) {
    const answer = await tryAsk(url, question)
    const isBusy =
      answer instanceof Fault ? answer.kind === 'unreachable' : answer.status === 429 || answer.status >= 500
    if (!isBusy && !(answer instanceof Fault)) return answer
    const pause = pausesMs[tries]
    if (isBusy && pause !== undefined) await setTimeout(pauseOf(answer) ?? pause)
    else throw answer instanceof Fault ? answer : unreachable(question, `answers ${answer.status}`)
  }
}

/** As the server wishes. */
function pauseOf(answer: Answered | Fault): number | undefined {
  const wish = answer instanceof Fault ? null : answer.headers.get('retry-after')
  return wish !== null && /^\d{1,4}$/.test(wish) ? Math.min(Number(wish) * 1000, maxPauseMs) : undefined
}

async function tryAsk(url: URL, question: Question): Promise<Answered | Fault> {
  const { name, headers } = question
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const answer = await fetch(url, { headers, redirect: 'manual', signal })
    const text = await textOf(answer)
    if (text !== undefined) return { status: answer.status, text, headers: answer.headers }
  } catch (error) {
    // What fetch says may quote the URL, and with it the key.
    const code = codeOf(error instanceof Error ? error.cause : undefined)
    return unreachable(question, `gives no whole answer${code === undefined ? '' : ` (${code})`}`)
  }
  return new Fault('failure', `${name} answers with more than ${maxBytes} bytes, which no account has.`)
}

function unreachable({ name, outcome = '' }: Question, what: string): Fault {
  return new Fault('unreachable', `${name} ${what}.${outcome}`)
}

/** @returns `undefined` for one that is too long */
async function textOf(answer: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of answer.body ?? []) {
    size += part.length
    // Leaving the loop ends the connection.
    if (size > maxBytes) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
