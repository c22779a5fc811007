/** Listens to `/v3/events` as a stream, and takes what comes one after the other. */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Api } from './api.ts'
import type { Lasting } from './server.ts'

export interface Block {
  readonly event: string
  readonly id: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly data: any
}

export class Listened {
  readonly blocks: Block[] = []
  /** What was told, without what says where it begins and ends. */
  readonly events: Block[] = []
  readonly response: Response
  isOver = false
  readonly #abort: AbortController
  #changed: (() => void)[] = []

  constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
    void this.#read()
  }

  get position(): number {
    return this.blocks.at(-1)?.id ?? 0
  }

  close(): void {
    this.#abort.abort()
  }

  /** However long it takes while something comes. */
  async until(isThere: () => boolean, what = 'what was waited for'): Promise<void> {
    while (!isThere()) {
      if (this.isOver || !(await this.#comesMore())) {
        assert.fail(`${what} did not come: ${JSON.stringify(this.blocks.slice(-5))}`)
      }
    }
  }

  async #comesMore(): Promise<boolean> {
    const isOn = new AbortController()
    const late = setTimeout(20_000, false, { signal: isOn.signal }).catch(() => false)
    const changed = new Promise<boolean>((resolve) => this.#changed.push(() => resolve(true)))
    try {
      return await Promise.race([changed, late])
    } finally {
      isOn.abort()
    }
  }

  /** The first so many events, in short. */
  async take(count: number): Promise<readonly string[]> {
    await this.until(() => this.events.length >= count, `${count} events`)
    return this.events.slice(0, count).map(({ data }) => `${data.action} ${data.object?.name}`)
  }

  /** How it ended. */
  async ended(): Promise<string | undefined> {
    await this.until(() => this.isOver, 'the end')
    return this.blocks.find(({ event }) => event === 'end')?.data.code
  }

  async #read(): Promise<void> {
    let text = ''
    try {
      const decoder = new TextDecoder()
      for await (const chunk of this.response.body ?? []) {
        text += decoder.decode(chunk, { stream: true })
        const parts = text.split('\n\n')
        text = parts.pop() ?? ''
        const blocks = parts.flatMap(blockOf)
        this.blocks.push(...blocks)
        this.events.push(...blocks.filter(({ event }) => event === 'message'))
        for (const change of this.#changed.splice(0)) change()
      }
    } catch {
      // Broken off, by whichever side.
    }
    this.isOver = true
    for (const change of this.#changed.splice(0)) change()
  }
}

function blockOf(text: string): readonly Block[] {
  const fields = new Map(
    text.split('\n').map((line) => [line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 2)]),
  )
  const data = fields.get('data')
  if (data === undefined) return []
  return [{ event: fields.get('event') ?? 'message', id: Number(fields.get('id')), data: JSON.parse(data) }]
}

/** Listens until the test ends; resolves when it is said where it begins. */
export async function listenTo(
  t: Lasting,
  { url, key, cookie }: Pick<Api, 'url'> & { readonly key?: string; readonly cookie?: string },
  query = '',
  headers: Record<string, string> = {},
): Promise<Listened> {
  const abort = new AbortController()
  const response = await fetch(`${url}/v3/events${query}`, {
    headers: {
      ...(key === undefined ? { cookie: cookie ?? '', 'strongroom-portal': '1' } : { authorization: `Bearer ${key}` }),
      ...{ accept: 'text/event-stream', ...headers },
    },
    signal: abort.signal,
  })
  assert.equal(response.status, 200, response.status === 200 ? '' : await response.text())
  const listened = new Listened(response, abort)
  t.after(() => listened.close())
  await listened.until(() => listened.blocks.length > 0, 'the position')
  return listened
}
