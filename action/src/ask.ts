/** Requests of the action that need no API key yet, or only to end it. */
import { Fault } from './fault.ts'

const tries = 3
const timeoutMs = 10_000

/** @param url as the workflow gives it, which may end as the API does */
export function endpointOf(url: string, path: string): string {
  return `${url.replace(/\/+$/, '').replace(/\/v3$/, '')}${path}`
}

interface Answered {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * Asks again when nobody answered, or nobody could.
 *
 * @param init made anew for each try, where the same could be carried out once alone
 * @throws Fault when that does not help
 */
export async function ask(
  who: string,
  url: string,
  init: RequestInit | (() => Promise<RequestInit>),
): Promise<Answered> {
  for (let tried = 1; ; tried++) {
    const answered = await askOnce(url, typeof init === 'function' ? await init() : init)
    const isFinal = answered !== undefined && answered.status < 500 && answered.status !== 429
    if (isFinal) return answered
    if (tried === tries) {
      throw new Fault(
        `${who} gave no answer${answered === undefined ? '' : ` but ${answered.status}`}. Try again later.`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1000 * 2 ** tried))
  }
}

/** @returns nothing where no answer came, or a part of one */
async function askOnce(url: string, init: RequestInit): Promise<Answered | undefined> {
  try {
    // A redirect would carry the token elsewhere.
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    return { status: response.status, body: fieldsOf(await response.text()) }
  } catch {
    return undefined
  }
}

function fieldsOf(text: string): Answered['body'] {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? { ...body } : {}
  } catch {
    return {}
  }
}
