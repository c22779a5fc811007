/** What a sink looks at, where more grows than it remembers, and where it begins. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SinkLook } from '../../src/store/followers.ts'
import { sinkPace } from '../../src/vault/sinks.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { Kept, sendTo, until } from '../support/sinks.ts'

/** A store without anything, whose lease is always there. */
function storeOf(sinks: Partial<Vault['store']['sinks']>) {
  const noted: ((accountId: number) => void)[] = []
  const store: unknown = {
    leases: { take: async () => 1, renew: async () => true, drop: async () => {} },
    follow: (note: (accountId: number) => void) => {
      noted.push(note)
      return () => {}
    },
    sinks,
  }
  // The border where what a sink uses of a store is taken for one.
  const vault = { store, now: Date.now } as Vault
  return { vault, note: (accountId: number) => noted.at(-1)?.(accountId) }
}

test('What grows while a sink looks at all accounts is looked at next, however much it is', async (t) => {
  const looks: SinkLook[] = []
  const held = Promise.withResolvers<[]>()
  const { vault, note } = storeOf({
    behind: async (look) => {
      looks.push(look)
      return looks.length === 1 ? held.promise : []
    },
  })
  sendTo(t, vault, new Kept(), { pace: { ...sinkPace, gatherMs: 1, lookMs: 3_600_000 } })
  await until(() => looks.length === 1)

  // More than are remembered one by one.
  for (let account = 1; account <= 10_001; account++) note(account)
  held.resolve([])
  await until(() => looks.length > 1)

  assert.deepEqual(looks[1]?.accountIds, [])
})

test('A sink that has lost its lease before it noted where it begins sends nothing of what was before', async (t) => {
  const asked: string[] = []
  const { vault } = storeOf({
    begin: async () => {
      asked.push('begin')
      return asked.length > 1
    },
    behind: async () => {
      asked.push('behind')
      return []
    },
  })
  sendTo(t, vault, new Kept(), { from: 'now' })
  await until(() => asked.includes('behind'))

  assert.deepEqual(asked.slice(0, 3), ['begin', 'begin', 'behind'])
})
