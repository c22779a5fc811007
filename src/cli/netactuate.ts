/** NetActuate's Secret Lists API, as far as it takes to read all of an account: its lists and their values. */
import { type Answered, askOther, baseOf, checkCredential } from './other-server.ts'
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
    this.#base = baseOf(url, '--url', 'https://vapi2.netactuate.com/api/')
    this.#apiKey = checkCredential(apiKey, 'The API key of NetActuate')
  }

  /** @returns the array that the answer holds */
  async ask(path: string): Promise<readonly unknown[]> {
    const name = `${this.#base}${path}`
    const { status, text } = await this.#answer(path, name)
    if ((status === 401 || status === 403) && !this.#isInQuery) {
      this.#isInQuery = true
      return this.ask(path)
    }
    if (status === 401 || status === 403) throw new Fault('denied', `${name} does not take the API key.`)
    if (status >= 300 && status < 400) {
      throw new Fault('failure', `${name} sends elsewhere, and the key is for --url alone.`)
    }
    const data = dataOf(text)
    if (status === 200 && data !== undefined) return data
    throw new Fault(
      'failure',
      `${name} answers ${status}, and not as the Secret Lists API does. Does --url end in /api/?`,
    )
  }

  #answer(path: string, name: string): Promise<Answered> {
    const url = new URL(path, this.#base)
    if (this.#isInQuery) url.searchParams.set('key', this.#apiKey)
    const key = this.#isInQuery ? {} : { authorization: `Bearer ${this.#apiKey}` }
    return askOther(url, { name, headers: { accept: 'application/json', ...key }, outcome: ' Nothing was stored.' })
  }
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
