/** An agent that trades tokens for keys: an hour of its life, in which everything happens that does. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { SignedOut, StrongroomError, Unauthorized } from '../../src/client/errors.ts'
import type { JobKey } from '../../src/client/model.ts'
import { Strongroom } from '../../src/client/strongroom.ts'
import { TradedKeys } from '../../src/client/traded-keys.ts'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { Api } from '../support/api.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { audience, jobClaims, makeKey, startIssuer } from '../support/issuer.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SimClock } from '../support/sim-clock.ts'

const outboundAllowances = [parseAllowance('127.0.0.1') ?? assert.fail()]
const keySeconds = 60
const stepMs = 5000

interface Sent {
  readonly at: number
  readonly path: string
  readonly apiKey: string | undefined
  readonly status: number
}

/** An agent, its server and its issuer, all of whose time is the test's. */
async function start(t: TestContext, engine: TestEngine, more: { readonly refusedMs?: number } = {}) {
  const clock = new SimClock()
  const place = await engine.makeMigratedPlace()
  const boot = () => startServer(t, engine, { place, outboundAllowances, now: () => clock.time })
  const issuer = await startIssuer(t, () => clock.time)
  const first = await boot()
  const owner = first.api
  await owner.post('/v3/secrets', { name: 'prod-db', value: 'v' })
  const made = await owner.post('/v3/trust-rules', {
    ...{ name: 'deploy', issuer: issuer.url, audience, scopes: ['secrets:read:prod-*'] },
    ...{ claims: { sub: jobClaims.sub, repository_id: '123' }, key_ttl: keySeconds, single_use: false },
  })
  assert.equal(made.status, 201, made.text)
  const state = {
    server: first as TestServer | undefined,
    token: await issuer.token(lasting(clock)),
    /** Answers in the place of the server. */
    instead: undefined as ((path: string) => Response | undefined) | undefined,
    /** Loses the answer. */
    lose: undefined as ((path: string) => boolean) | undefined,
  }
  const sent: Sent[] = []
  const endsOf = new Map<string, number>()
  let trades = 0
  const onWire = { most: 0 }
  const fetch = (address: string, init: RequestInit) =>
    clock.real(async () => {
      const { pathname: path, search } = new URL(address)
      const apiKey = new Headers(init.headers).get('authorization')?.replace('Bearer ', '')
      const isTrade = path === '/v3/auth/oidc'
      const at = clock.time
      if (isTrade) onWire.most = Math.max(onWire.most, ++trades)
      try {
        const faked = state.instead?.(path)
        if (faked === undefined && state.server === undefined) throw new TypeError('fetch failed')
        const answer = faked ?? (await globalThis.fetch(`${state.server?.url}${path}${search}`, init))
        if (isTrade && answer.status === 201) {
          const { api_key: key, expires_in: seconds } = (await answer.clone().json()) as JobKey
          endsOf.set(key, at + seconds * 1000)
        }
        sent.push({ at, path, apiKey, status: answer.status })
        if (state.lose?.(path) === true) throw new TypeError('fetch failed')
        return answer
      } finally {
        if (isTrade) trades--
      }
    })
  const url = 'http://strongroom.test'
  const token = () => clock.real(async () => state.token)
  const keys = new TradedKeys({ url, fetch, token, clock, ...more })
  t.after(() => keys.close())
  const client = new Strongroom({ url, fetch, apiKey: keys, retries: 0 })
  return { clock, fetch, boot, issuer, owner, first, state, sent, endsOf, onWire, keys, client, ruleId: made.body.id }
}

type Scene = Awaited<ReturnType<typeof start>>

/** Of a token that is good for half an hour from now. */
function lasting(clock: SimClock) {
  const second = Math.floor(clock.time / 1000)
  return { iat: second, nbf: second, exp: second + 1800 }
}

interface Failed {
  readonly second: number
  readonly error: unknown
}

/** Reads a value every few seconds, or waits for the last one. @returns when one failed, in seconds from the beginning */
async function work({ clock, client }: Scene, seconds: number, happens: Readonly<Record<number, () => unknown>> = {}) {
  const begin = clock.time
  const now = () => Math.round((clock.time - begin) / 1000)
  const failed: Failed[] = []
  const due = Object.entries(happens).map(([second, event]) => ({ second: Number(second), event }))
  let isReading = false
  while (now() < seconds) {
    for (const { event } of due.splice(0, due.filter(({ second }) => second <= now()).length)) await event()
    if (!isReading) {
      isReading = true
      void client.secrets.getByName('prod-db').then(
        () => {
          isReading = false
        },
        (error: unknown) => {
          isReading = false
          failed.push({ second: now(), error })
        },
      )
    }
    await clock.pass(stepMs)
  }
  return failed
}

function expiredIn({ sent, endsOf }: Scene): readonly Sent[] {
  return sent.filter(({ apiKey, at }) => apiKey !== undefined && at >= (endsOf.get(apiKey) ?? 0))
}

for (const engine of engines) {
  suite(`${engine.name}: an agent with tokens`, { skip: engine.skip }, () => {
    test('holds a good key for an hour, whenever there is one to be had, and sends nothing under one that has ended', async (t) => {
      const scene = await start(t, engine)
      const { clock, issuer, owner, state, sent, onWire, endsOf } = scene
      const renewToken = async () => {
        state.token = await issuer.token(lasting(clock))
      }
      const stop = async () => {
        await state.server?.stop()
        state.server = undefined
      }
      const boot = async () => {
        state.server = await scene.boot()
      }
      let revoked = ''

      const failed = await work(scene, 3600, {
        // Restarts that are over before a key is, and an absence that is longer than one.
        300: stop,
        315: boot,
        600: renewToken,
        700: stop,
        1000: boot,
        // The issuer has a new key beside the old one; then the token is replaced, then the old key goes.
        1200: async () => issuer.keys.push(await makeKey()),
        1230: renewToken,
        1260: () => issuer.keys.shift(),
        // The issuer has a new key in place of the old one, another job comes with it, and the token is replaced later.
        1500: async () => {
          await issuer.rotate()
          const other = { token: await issuer.token(lasting(clock)) }
          const job = new Api(state.server?.url ?? '', owner.key)
          assert.equal((await job.post('/v3/auth/oidc', other, { authorization: '' })).status, 201)
        },
        1650: renewToken,
        // The server asks for time.
        2000: () => {
          const busy = {
            type: 'urn:strongroom:problem:rate_limited',
            code: 'rate_limited',
            message: 'x',
            request_id: 'r',
          }
          let left = 3
          state.instead = (path) => {
            if (path !== '/v3/auth/oidc' || left-- <= 0) return undefined
            return new Response(JSON.stringify(busy), { status: 429, headers: { 'retry-after': '5' } })
          }
        },
        // Somebody takes the key away.
        2300: async () => {
          const admin = state.server ?? assert.fail()
          revoked = [...endsOf.keys()].at(-1) ?? ''
          const self = await fetch(`${admin.url}/v3/keys/self`, {
            method: 'DELETE',
            headers: { authorization: `Bearer ${revoked}` },
          })
          assert.equal(self.status, 200)
        },
        2400: renewToken,
        // The machine sleeps for ten minutes, and its clock is set back by an hour, then ahead by two.
        2500: () => clock.sleep(600_000),
        3200: async () => {
          clock.ahead -= 3_600_000
          await stop()
        },
        3290: boot,
        3400: () => {
          clock.ahead += 7_200_000
        },
      })

      assert.deepEqual(expiredIn(scene), [])
      // Nor does the server find one that has.
      assert.deepEqual(
        sent.filter(({ apiKey, status }) => status === 401 && apiKey !== undefined && apiKey !== revoked),
        [],
      )
      assert.equal(onWire.most, 1)
      // The server away: as long as it is, the read fails; the first key after it comes within the pause and a step.
      const aways: readonly (readonly [number, number])[] = [
        [300, 320],
        [700, 1040],
        [3200, 3330],
      ]
      const known = (second: number) => aways.some(([from, to]) => second >= from && second < to)
      const orphaned = (second: number) => second >= 1500 && second < 1690
      assert.deepEqual(
        failed.filter(({ second }) => !known(second) && !orphaned(second)),
        [],
      )
      assert.ok(failed.some(({ second }) => second >= 760 && second < 1000))
      // An old token is refused when its key has gone: not before the last key that it gave has ended.
      const refused = failed.filter(({ second }) => orphaned(second))
      assert.ok(refused.length > 0 && refused.every(({ error }) => error instanceof Unauthorized))
      assert.ok(refused.every(({ second }) => second >= 1515))
      // Of the busy server nobody asked again sooner than it had said.
      const limited = sent.filter(({ status }) => status === 429)
      assert.equal(limited.length, 3)
      for (const [at, { at: time }] of limited.slice(1).entries()) assert.ok(time - (limited[at]?.at ?? 0) >= 5000)
      // The key that was taken away was refused once, and not used again.
      const under = sent.filter(({ apiKey, status }) => apiKey === revoked && status === 401)
      assert.equal(under.length, 1)
      // At about two thirds of its life, each, and no more often.
      const trades = sent.filter(({ path, status }) => path === '/v3/auth/oidc' && status === 201).map(({ at }) => at)
      const gaps = trades.slice(1).map((at, before) => (at - (trades[before] ?? 0)) / 1000)
      const usual = gaps.filter((gap) => gap >= 34 && gap <= 45)
      assert.ok(usual.length > gaps.length * 0.8, `${gaps}`)
    })

    test('trades once when it is asked by many at once', async (t) => {
      const { clock, client, sent, onWire } = await start(t, engine)

      const reads = Promise.all(Array.from({ length: 20 }, () => client.secrets.getByName('prod-db')))
      await clock.pass(stepMs)

      assert.equal((await reads).length, 20)
      assert.equal(onWire.most, 1)
      assert.equal(sent.filter(({ path }) => path === '/v3/auth/oidc').length, 1)
    })

    test('does nothing twice: what may have been done under a key is not repeated under another one', async (t) => {
      const scene = await start(t, engine)
      const { clock, state, owner, keys } = scene
      await owner.send('PATCH', `/v3/trust-rules/${scene.ruleId}`, { scopes: ['secrets:write', 'secrets:read'] })
      const client = new Strongroom({ url: 'http://strongroom.test', fetch: scene.fetch, apiKey: keys, retries: 3 })
      // It is made, and the answer is lost; by the next try the key has ended.
      state.lose = (path) => path === '/v3/secrets'
      const made = client.secrets.create({ name: 'prod-new', value: 'v' }).then(
        () => 'made',
        (error: unknown) => error,
      )
      await clock.pass(1000)
      clock.sleep(120_000)
      state.lose = undefined
      const outcome = await made

      assert.ok(outcome instanceof StrongroomError && outcome.mayHaveActed, String(outcome))
      const asked = scene.sent.filter(({ path }) => path === '/v3/secrets')
      assert.equal(new Set(asked.map(({ apiKey }) => apiKey)).size, 1)
      assert.equal((await owner.get('/v3/secrets?name=prod-new')).body.secrets.length, 1)
    })

    test('whose rule is deleted says so, and is signed out within the time that it was given', async (t) => {
      const scene = await start(t, engine, { refusedMs: 120_000 })
      const { clock, first, keys, sent, ruleId } = scene
      assert.deepEqual(await work(scene, 100), [])

      await first.api.delete(`/v3/trust-rules/${ruleId}`)
      const at = clock.time
      const failed = await work(scene, 240)

      assert.ok(failed.every(({ error }) => error instanceof StrongroomError && error.status === 401))
      assert.ok(keys.signedOut.aborted)
      const over = failed.find(({ error }) => error instanceof SignedOut)?.second ?? assert.fail()
      assert.ok(over >= 115 && over <= 130, `${over} seconds`)
      const last = sent.filter(({ path }) => path === '/v3/auth/oidc').at(-1)?.at ?? 0
      assert.ok(last - at <= 130_000)
      assert.match(String(keys.signedOut.reason), /for 120 seconds/)
    })

    test('that nobody asks anything trades no more, and gives its keys back when it is closed', async (t) => {
      const scene = await start(t, engine)
      const { clock, keys, sent, client, state, issuer } = scene
      await work(scene, 10)
      await clock.pass(3600_000)
      const trades = () => sent.filter(({ path }) => path === '/v3/auth/oidc').length
      // One more: the key was used before its two thirds were over.
      assert.equal(trades(), 2)
      state.token = await issuer.token(lasting(clock))
      assert.deepEqual(await work(scene, 5), [])
      assert.equal(trades(), 3)

      await keys.close()

      assert.deepEqual(sent.at(-1), { ...sent.at(-1), path: '/v3/keys/self', status: 200 })
      await assert.rejects(client.secrets.getByName('prod-db'))
      await clock.pass(600_000)
      assert.equal(trades(), 3)
    })
  })
}
