/** NetActuate's Secret Lists API, as far as it takes to read all of an account: its lists and their values. */
import { setTimeout } from 'node:timers/promises'
import { Fault } from './output.ts'

export interface VendorValue {
  readonly list: string
  readonly name: string
  readonly value: string
}

export interface VendorAccount {
  readonly lists: readonly string[]
  /** By ascending id, so that every reading has the same order. */
  readonly values: readonly VendorValue[]
}

export interface VendorSource {
  /** Ends in `/api/`. */
  readonly url: string
  readonly apiKey: string
}

const timeoutMs = 60_000
/** An account of thousands of values has a few MiB. */
const maxBytes = 128 * 2 ** 20
/** Before each further try. */
const pausesMs = [500, 1500, 4000]

/**
 * @throws Fault `usage` for a URL or a key that cannot be one; `denied` when the key is not taken; `unreachable` when no
 *   answer comes, or one of something else than this API. Nothing that was answered is in a message.
 */
export async function readVendor(source: VendorSource): Promise<VendorAccount> {
  const asker = new VendorAsker(source)
  const lists = (await asker.ask('secrets/lists')).map(listOf)
  const names = new Map(lists.map(({ id, name }) => [id, name]))
  if (names.size < lists.length) throw new Fault('failure', 'NetActuate answers with two lists of one id.')
  const values = (await asker.ask('secrets/all-values')).map(vendorValueOf).sort((one, other) => one.id - other.id)
  return {
    lists: lists.map(({ name }) => name),
    values: values.map(({ listId, name, value }) => {
      const list = names.get(listId)
      if (list !== undefined) return { list, name, value }
      throw new Fault('failure', 'A value is in a list that was not there a moment ago. Run the import again.')
    }),
  }
}

class VendorAsker {
  readonly #base: string
  readonly #apiKey: string
  /** As its clients send it, when it does not take the header. */
  #isInQuery = false

  constructor({ url, apiKey }: VendorSource) {
    const base = URL.canParse(url) ? new URL(url) : undefined
    const isPlain = base !== undefined && /^https?:$/.test(base.protocol) && !base.username && !base.password
    if (!isPlain || base.search || base.hash) {
      throw new Fault('usage', '--url must be such as https://vapi2.netactuate.com/api/, without a user or a query.')
    }
    if (!/^[\x21-\x7e]{1,1024}$/.test(apiKey)) {
      throw new Fault('usage', 'The API key of NetActuate must be printable characters without a blank or a line end.')
    }
    this.#base = base.href.replace(/\/*$/, '/')
    this.#apiKey = apiKey
  }

  /** @returns the array that the answer holds */
  async ask(path: string): Promise<readonly unknown[]> {
    for (let tries = 0; ; tries++) {
      const found = await this.#tryAsk(path)
      if (!(found instanceof Fault)) return found
      const pause = pausesMs[tries]
      if (found.kind !== 'unreachable' || pause === undefined) throw found
      await setTimeout(pause)
    }
  }

  /** @returns a fault of kind `unreachable` where another try may help */
  async #tryAsk(path: string): Promise<readonly unknown[] | Fault> {
    const answer = await this.#fetch(path)
    if (answer instanceof Fault) return answer
    const { status, text } = answer
    if ((status === 401 || status === 403) && !this.#isInQuery) {
      this.#isInQuery = true
      return this.#tryAsk(path)
    }
    if (status === 401 || status === 403) return new Fault('denied', `${this.#name(path)} does not take the API key.`)
    if (status >= 300 && status < 400) {
      throw new Fault('failure', `${this.#name(path)} sends elsewhere, and the key is for --url alone.`)
    }
    if (status === 429 || status >= 500) return this.#unreachable(path, `answers ${status}`)
    const data = dataOf(text)
    if (status === 200 && data !== undefined) return data
    throw new Fault(
      'failure',
      `${this.#name(path)} answers ${status}, and not as the Secret Lists API does. Does --url end in /api/?`,
    )
  }

  async #fetch(path: string): Promise<{ readonly status: number; readonly text: string } | Fault> {
    const url = new URL(path, this.#base)
    if (this.#isInQuery) url.searchParams.set('key', this.#apiKey)
    const headers = {
      accept: 'application/json',
      ...(this.#isInQuery ? {} : { authorization: `Bearer ${this.#apiKey}` }),
    }
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const answer = await fetch(url, { headers, redirect: 'manual', signal })
      const text = await textOf(answer)
      if (text !== undefined) return { status: answer.status, text }
    } catch (error) {
      // What fetch says may quote the URL, and with it the key.
      const cause = error instanceof Error ? error.cause : undefined
      const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
      return this.#unreachable(path, `gives no whole answer${code}`)
    }
    throw new Fault('failure', `${this.#name(path)} answers with more than ${maxBytes} bytes, which no account has.`)
  }

  #unreachable(path: string, what: string): Fault {
    return new Fault('unreachable', `${this.#name(path)} ${what}. Nothing was stored.`)
  }

  #name(path: string): string {
    return `${this.#base}${path}`
  }
}

/** @returns `undefined` for one that is longer than any of this API */
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

/** @returns `undefined` for what is no successful answer with an array */
function dataOf(text: string): readonly unknown[] | undefined {
  try {
    const found: unknown = JSON.parse(text)
    if (!isObject(found) || found['result'] !== 'success') return undefined
    return Array.isArray(found['data']) ? found['data'] : undefined
  } catch {
    return undefined
  }
}

function listOf(entry: unknown): { readonly id: number; readonly name: string } {
  if (isObject(entry)) {
    const { id, name } = entry
    if (typeof id === 'number' && typeof name === 'string') return { id, name }
  }
  throw unreadable('list')
}

function vendorValueOf(entry: unknown) {
  if (isObject(entry)) {
    const { id, secret_list_id: listId, secret_key: name, secret_value: value } = entry
    const isWhole = typeof id === 'number' && typeof listId === 'number'
    if (isWhole && typeof name === 'string' && typeof value === 'string') return { id, listId, name, value }
  }
  throw unreadable('value')
}

function unreadable(what: string): Fault {
  return new Fault('failure', `NetActuate answers with a ${what} that is none as its API describes them.`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
