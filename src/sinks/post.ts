/** One request to a receiver that the operator chose: no redirect is followed, and nothing of the answer but its status counts. */
import http, { validateHeaderName, validateHeaderValue } from 'node:http'
import https from 'node:https'
import { NotTaken } from './receiver.ts'
import type { HttpPlace } from './settings.ts'
import { connectionFault, readSmall, readTls } from './tls.ts'

/** From the look-up of the name to the last byte of the answer. */
const requestMs = 30_000
const maxAnswerBytes = 65_536
/** Whoever wants to be left alone for longer is asked again after this. */
const maxRetryAfterMs = 600_000

type Headers = Readonly<Record<string, string>>

/**
 * Posts a body.
 *
 * @returns what was answered with a status of 2xx
 * @throws NotTaken
 */
export async function post(place: HttpPlace, headers: Headers, body: Buffer, stop: AbortSignal): Promise<string> {
  const own = place.headerPath === undefined ? {} : headersIn(await readSmall(place.headerPath, 'header-file'))
  const material = await readTls(place.tls)
  const signal = AbortSignal.any([stop, AbortSignal.timeout(requestMs)])
  const url = new URL(place.url)
  const options: https.RequestOptions = {
    ...material,
    method: 'POST',
    headers: { ...headers, ...own, 'content-length': body.length },
    agent: false,
    signal,
  }
  try {
    const { status, text, retryAfterMs } = await exchange(url, options, body)
    if (status >= 200 && status < 300) return text
    throw new NotTaken(`The receiver answered ${status}.`, { retryAfterMs, isTooLarge: status === 413 })
  } catch (error) {
    if (signal.aborted && !stop.aborted) throw new NotTaken('The receiver took too long.', { cause: error })
    throw connectionFault(error)
  }
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly retryAfterMs: number | undefined
}

function exchange(url: URL, options: https.RequestOptions, body: Buffer): Promise<Answer> {
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (answer) => {
      textOf(answer).then((text) => {
        resolve({ status: answer.statusCode ?? 0, text, retryAfterMs: retryAfterOf(answer.headers['retry-after']) })
      }, reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** As much as is wanted of it: the rest is read, and let go. */
async function textOf(answer: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue
    length += chunk.length
    if (length <= maxAnswerBytes) chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function retryAfterOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Math.min(Number(text) * 1000, maxRetryAfterMs) : undefined
}

/** `Name: value` in each line; what is empty, or begins with `#`, is none. @throws NotTaken */
export function headersIn(text: string): Headers {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const pairs = lines.map((line) => {
    const [, name = '', value = ''] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    } catch {
      // Without its cause, which would say what stands there.
      throw new NotTaken('The file of header-file must have "Name: value" in each line.')
    }
    return [name.toLowerCase(), value] as const
  })
  return Object.fromEntries(pairs)
}
