/** Random sequences of operations on both stores and on the reference: the answers are equal. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { verifyAudit } from '../../src/vault/audit.ts'
import { type Answer, Api } from '../support/api.ts'
import { rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { type Expected, type KeyRef, Reference } from './reference.ts'

const numRuns = rounds(25, 600)
const sequenceLength = 30

type Step = (world: World) => Promise<void>

/** A running server beside the reference, and the keys that were made so far. */
class World {
  readonly reference = new Reference()
  readonly #keys: { readonly ref: KeyRef; readonly token: string }[] = []
  #server: TestServer
  readonly #restart: (server: TestServer) => Promise<TestServer>

  constructor(server: TestServer, restart: (server: TestServer) => Promise<TestServer>) {
    this.#server = server
    this.#restart = restart
  }

  get server(): TestServer {
    return this.#server
  }

  addKey(ref: KeyRef, token: string): void {
    this.#keys.push({ ref, token })
  }

  pick(choice: number): { by: KeyRef; api: Api } {
    const { ref, token } = this.#keys[choice % this.#keys.length] ?? assert.fail()
    return { by: ref, api: new Api(this.#server.url, token) }
  }

  async restart(): Promise<void> {
    this.#server = await this.#restart(this.#server)
  }
}

const choice = fc.nat(1000)
const id = fc.integer({ min: 1, max: 6 })
const name = fc.constantFrom('a', 'A', 'b', 'a-b', '_')
const pattern = fc.constantFrom('*', 'a', 'a*', '*b', 'A', '_*_')
const value = fc.string({ unit: anyCharacter, maxLength: 20 })
const match = fc.oneof(fc.constant(undefined), fc.constant('*' as const), fc.integer({ min: 1, max: 4 }))
const scopes = fc.subarray(['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete', 'keys:manage'], {
  minLength: 1,
})
const ifMatch = (wanted: number | '*' | undefined): Record<string, string> =>
  wanted === undefined ? {} : { 'if-match': wanted === '*' ? '*' : `"${wanted}"` }

const steps: fc.Arbitrary<Step>[] = [
  fc.tuple(choice, name, value).map(([who, ...secret]) => async (world) => {
    const { by, api } = world.pick(who)
    const answer = await api.post('/v3/secrets', { name: secret[0], value: secret[1] })
    assertSame(answer, world.reference.create(by, ...secret))
  }),
  fc.tuple(choice, id).map(([who, at]) => async (world) => {
    const { by, api } = world.pick(who)
    assertSame(await api.get(`/v3/secrets/${at}`), world.reference.read(by, at))
  }),
  fc.tuple(choice, id, value, match).map(([who, at, text, wanted]) => async (world) => {
    const { by, api } = world.pick(who)
    const answer = await api.put(`/v3/secrets/${at}`, { value: text }, ifMatch(wanted))
    assertSame(answer, world.reference.update(by, at, text, wanted))
  }),
  fc.tuple(choice, id, match).map(([who, at, wanted]) => async (world) => {
    const { by, api } = world.pick(who)
    const answer = await api.delete(`/v3/secrets/${at}`, ifMatch(wanted))
    assertSame(answer, world.reference.delete(by, at, wanted))
  }),
  choice.map((who) => async (world) => {
    const { by, api } = world.pick(who)
    assertSame(await api.get('/v3/secrets'), world.reference.list(by))
  }),
  fc.tuple(choice, pattern, fc.integer({ min: 1, max: 3 })).map(([who, wanted, limit]) => async (world) => {
    const { by, api } = world.pick(who)
    assertSame(await listInPages(api, wanted, limit), world.reference.list(by, wanted))
  }),
  fc.tuple(choice, scopes).map(([who, wanted]) => async (world) => {
    const { by, api } = world.pick(who)
    const answer = await api.post('/v3/keys', { name: 'made', scopes: wanted })
    assertSame(answer, world.reference.makeKey(by, wanted))
    if (answer.status === 201) world.addKey({ account: by.account, id: answer.body.id }, answer.body.api_key)
  }),
  fc.tuple(choice, fc.integer({ min: 1, max: 5 })).map(([who, at]) => async (world) => {
    const { by, api } = world.pick(who)
    const answer = await api.post(`/v3/keys/${at}/rotate`, { expires_at: null })
    assertSame(answer, world.reference.rotateKey(by, at))
    if (answer.status === 201) world.addKey({ account: by.account, id: answer.body.id }, answer.body.api_key)
  }),
  // The first key of each account stays, or a sequence would soon have nobody left to ask.
  fc.tuple(choice, fc.integer({ min: 2, max: 5 })).map(([who, at]) => async (world) => {
    const { by, api } = world.pick(who)
    assertSame(await api.delete(`/v3/keys/${at}`), world.reference.revokeKey(by, at))
  }),
]

const step = fc.oneof(...steps.map((arbitrary) => ({ arbitrary, weight: 6 })), {
  arbitrary: fc.constant<Step>((world) => world.restart()),
  weight: 1,
})

for (const engine of engines) {
  suite(`${engine.name} and the reference`, { skip: engine.skip }, () => {
    test('answer alike, whatever is done in whatever order', async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: sequenceLength }), async (sequence) => {
          const cleanUp: (() => Promise<void> | void)[] = []
          const context = { after: (work: () => Promise<void> | void) => void cleanUp.unshift(work) } as typeof t
          try {
            const world = await start(context)
            for (const take of sequence) await take(world)
            for await (const { fault } of verifyAudit(world.server.vault)) assert.equal(fault, undefined)
          } finally {
            for (const work of cleanUp) await work()
          }
        }),
        { numRuns },
      )
    })

    async function start(t: Parameters<typeof startServer>[0]): Promise<World> {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const server = await startServer(t, engine, { place })
      const world = new World(server, async (old) => {
        await old.stop()
        return startServer(t, engine, { place })
      })
      for (const [account, api] of [server.api, await server.otherAccount()].entries()) {
        world.reference.addAccount()
        world.addKey({ account, id: 1 }, api.key)
      }
      return world
    }
  })
}

/** The last answer, with the secrets of all pages. */
async function listInPages(api: Api, pattern: string, limit: number): Promise<Answer> {
  const secrets: unknown[] = []
  for (let cursor: string | null = ''; ; ) {
    const answer = await api.get(
      `/v3/secrets?name=${pattern}&limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    if (answer.status !== 200) return answer
    secrets.push(...answer.body.secrets)
    cursor = answer.headers.get('strongroom-next-cursor')
    assert.ok(cursor === null || answer.body.secrets.length === limit, 'A page before the last is full.')
    if (cursor === null) return { ...answer, body: { secrets } }
  }
}

function assertSame(answer: Answer, { status, code, etag, body }: Expected): void {
  assert.deepEqual([answer.status, answer.body?.code], [status, code], answer.text)
  if (etag !== undefined) assert.equal(answer.headers.get('etag'), etag)
  if (Array.isArray(body)) {
    const listed = answer.body.secrets as { id: number; name: string }[]
    assert.deepEqual(
      listed.map((one) => ({ id: one.id, name: one.name })),
      body,
    )
  } else if (body !== undefined) assert.partialDeepStrictEqual(answer.body, body)
}
