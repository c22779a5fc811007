/** What the client does in its everyday life, in words that any runtime understands: nothing of Node, nothing of a test. */
import type * as Client from '../../src/client/index.ts'

const value = '\ufeffs3cur3 "p4ss"\r\n\u0000 äöü 🔑'

export const wentWell = ['made', 'read', 'changed', 'walked', 'refused', 'cached', 'repeated', 'given up', 'deleted']

/** @returns what went well, in its order; the rest is thrown */
export async function live(client: typeof Client, url: string, apiKey: string): Promise<readonly string[]> {
  const done: string[] = []
  const expect = (holds: boolean, what: string) => {
    if (!holds) throw new Error(`Not ${what}, after: ${done.join(', ')}`)
    done.push(what)
  }
  const { secrets } = new client.Strongroom({ url, apiKey })

  const made = await secrets.create({ name: 'db-password', value })
  expect(made.etag === '"1"', 'made')
  const read = await secrets.getByName('db-password')
  expect(read.value === value && read.id === made.id, 'read')
  const changed = await secrets.update(made.id, { value: 'new' }, { ifMatch: made.etag })
  const stale = await thrown(secrets.update(made.id, { value: 'newer' }, { ifMatch: made.etag }))
  expect(changed.etag === '"2"' && stale instanceof client.Conflict && stale.status === 412, 'changed')
  const names: string[] = []
  for await (const { name } of secrets.list({ name: 'db-*' })) names.push(name)
  expect(names.join() === 'db-password', 'walked')
  expect((await refusals(client, url, apiKey)).join() === 'NotFound 404,Unauthorized 401', 'refused')
  const cached = secrets.cached({ ttlMs: 60_000 })
  const kept = await cached.getByName('db-password')
  expect(kept.value === 'new' && kept === (await cached.getByName('db-password')), 'cached')
  expect((await triesOf(client, url, apiKey)) === 2, 'repeated')
  expect((await givenUp(client, url, apiKey)).join() === 'TimedOut,enough', 'given up')
  await secrets.delete(made.id, { ifMatch: changed.etag })
  expect((await thrown(secrets.get(made.id))) instanceof client.NotFound, 'deleted')
  return done
}

async function refusals(client: typeof Client, url: string, apiKey: string): Promise<readonly string[]> {
  const stranger = new client.Strongroom({ url, apiKey: `sr_${'0'.repeat(49)}` })
  const known = new client.Strongroom({ url, apiKey })
  const errors = [await thrown(known.secrets.get(404)), await thrown(stranger.secrets.get(1))]
  return errors.map((error) => (error instanceof client.StrongroomError ? `${error.name} ${error.status}` : 'other'))
}

async function triesOf(client: typeof Client, url: string, apiKey: string): Promise<number> {
  let tries = 0
  const fetch: Client.Fetch = async (address, init) => {
    tries++
    if (tries === 1) throw new TypeError('the line broke')
    return globalThis.fetch(address, init)
  }
  await new client.Strongroom({ url, apiKey, fetch }).secrets.page()
  return tries
}

async function givenUp(client: typeof Client, url: string, apiKey: string): Promise<readonly string[]> {
  const fetch: Client.Fetch = () => new Promise<never>(() => undefined)
  const { secrets } = new client.Strongroom({ url, apiKey, fetch, retries: 0 })
  const controller = new AbortController()
  const call = thrown(secrets.get(1, { signal: controller.signal }))
  controller.abort('enough')
  const late = await thrown(secrets.get(1, { timeoutMs: 1 }))
  return [late instanceof Error ? late.name : 'nothing', String(await call)]
}

function thrown(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
}
