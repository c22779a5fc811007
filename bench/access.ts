/**
 * `npm run bench:access`: what it takes to say who can read a secret, who has, and what a key used, where an account has a thousand keys and
 * ten thousand that have all read it; on both stores, and how long others wait meanwhile. `-- 1000 10000` measures other sizes.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { readAccess } from '../src/vault/access.ts'
import { readKeyUsage } from '../src/vault/key-usage.ts'
import { createKey } from '../src/vault/keys.ts'
import { allOf } from '../src/vault/pages.ts'
import { createSecret, readSecret } from '../src/vault/secrets.ts'
import { type Asker, authenticate } from '../src/vault/vault.ts'
import type { TestEngine } from '../test/support/engines.ts'
import { makeMany } from '../test/support/fill.ts'
import { startCluster } from '../test/support/postgres.ts'

const given = process.argv.slice(2).map(Number)
const sizes = given.length === 0 ? [1000, 10_000] : given
/** The least of so many counts. */
const turns = 3

async function measure(engine: TestEngine, size: number): Promise<void> {
  const afterwards: (() => void | Promise<void>)[] = []
  const { vault, api } = await startServer({ after: (work) => void afterwards.push(work) }, engine)
  try {
    const askerOf = (token: string): Asker => {
      const caller = { kind: 'token', hash: vault.keyring.tokenHash(token) } as const
      return { caller, requestId: 'bench', address: '127.0.0.1' }
    }
    const owner = askerOf(api.key)
    const identity = await authenticate(vault, owner)
    await createSecret(vault, owner, identity, { name: 'db', value: { text: 'v', encoding: undefined } })
    const numbers = Array.from({ length: size }, (_, at) => at)
    await makeMany(vault, numbers, async (_asker, _identity, at) => {
      const scopes = [at % 2 === 0 ? 'secrets:read' : `secrets:read:d*`]
      const made = await createKey(vault, owner, identity, {
        ...{ name: `key ${at}`, scopes, networks: [], expiresAt: null },
      })
      await readSecret(vault, askerOf(made.token ?? ''), { id: 1 })
    })
    const access = async (limit: number, isNextPage: boolean) => {
      const wanted = { from: undefined, to: undefined, after: () => undefined, limit, isNextPage }
      const { pages, past } = await readAccess(vault, owner, 1, wanted)
      const able = (await allOf({ accountId: 1, pages })).length
      return `${able} can${past === undefined ? '' : `, ${past.did.length} did`}`
    }
    await timed(engine.name, size, 'who can, the first 100', () => access(100, true))
    await timed(engine.name, size, 'who can, all of them', () => access(Number.POSITIVE_INFINITY, true))
    await timed(engine.name, size, 'who can, the first 100, and who did', () => access(100, false))
    await timed(engine.name, size, 'what a key used', async () => {
      const { requests } = await readKeyUsage(vault, owner, 2 + Math.floor(size / 2), 7)
      return `${requests} requests`
    })
  } finally {
    for (const work of afterwards.reverse()) await work()
  }
}

async function timed(store: string, size: number, what: string, work: () => Promise<string>): Promise<void> {
  let [least, wait, answer] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, '']
  for (let turn = 0; turn < turns; turn++) {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const began = performance.now()
    answer = await work()
    least = Math.min(least, performance.now() - began)
    delay.disable()
    wait = Math.min(wait, delay.max / 1e6)
  }
  console.log(`| ${store} | ${size} | ${what} | ${least.toFixed(0)} ms | ${wait.toFixed(0)} ms | ${answer} |`)
}

const cluster = await startCluster()
if (cluster !== undefined) process.env['STRONGROOM_TEST_DATABASE_URL'] = cluster.url
// These read the address of the database as they are loaded.
const { engines } = await import('../test/support/engines.ts')
const { startServer } = await import('../test/support/server.ts')
try {
  console.log(
    '| Store | Keys | Asked | Takes | Others wait at most | Answer |\n| --- | ---: | --- | ---: | ---: | --- |',
  )
  for (const engine of engines.filter(({ skip }) => skip === false))
    for (const size of sizes) await measure(engine, size)
} finally {
  cluster?.stop()
}
