/** Who listens to a trail is told of nothing once their right has ended, whenever they come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { AuditRecord } from '../../src/audit/record.ts'
import { Refusal } from '../../src/errors.ts'
import type { Listener } from '../../src/store/operations/events.ts'
import { viewerOf } from '../../src/vault/event-view.ts'
import { Feed, type Member } from '../../src/vault/feed.ts'

const accountId = 1
const principal = { kind: 'key', id: 1, name: 'k' } as const
const listener: Listener = {
  accountId,
  principal,
  scopes: [{ right: 'secrets:list', pattern: '*', environment: null }],
  environment: { id: 1, name: 'default' },
  chain: [1],
  environments: [],
  endsAt: null,
}
const revoked: AuditRecord = {
  accountId,
  seq: 3,
  time: 0,
  principal,
  action: 'key.revoke',
  object: { kind: 'key', id: 2, uid: null, name: 'k', version: null, hash: null },
  outcome: 'ok',
  requestId: 'r',
  address: '127.0.0.1',
  format: 1,
  environmentId: null,
}

test('Who begins while others are told that a right has ended is asked what they may, too, and misses nothing', async () => {
  const sizes: PromiseWithResolvers<number>[] = []
  const read = Promise.withResolvers<void>()
  const feed = new Feed(
    {
      auditSize: () => {
        const asked = Promise.withResolvers<number>()
        sizes.push(asked)
        return asked.promise
      },
      recordsAmong: async () => {
        await read.promise
        return [{ record: revoked, head: Buffer.alloc(32) }]
      },
      secretNamed: async () => undefined,
    },
    accountId,
    Date.now,
  )
  const answer = async (at: number, size: number) => {
    sizes[at]?.resolve(size)
    await setImmediate()
  }
  const [first, second] = [memberAt(2, false), memberAt(2, true)]

  const joining = [feed.join(first.member, 2), feed.join(second.member, 2)]
  await answer(0, 2)
  // The first is there; the trail has grown meanwhile, and is read for whoever is there.
  await answer(2, 3)
  // What the second asked is answered as it was then.
  await answer(1, 2)
  read.resolve()
  await Promise.all(joining)
  await setImmediate()

  assert.deepEqual(second.told, ['end unauthenticated'])
  assert.deepEqual(first.told, ['up to 3'])
  feed.leave(first.member)
})

function memberAt(position: number, isRevoked: boolean): { readonly member: Member; readonly told: readonly string[] } {
  const told: string[] = []
  const viewer = viewerOf(listener, {})
  const member: Member = {
    sink: {
      give: (_, reached) => void told.push(`up to ${reached}`),
      ready: async () => {},
      end: (reason) => void told.push(`end ${reason}`),
    },
    ...{ viewer, position, isOver: false, identity: String(isRevoked) },
    renew: async () => {
      if (isRevoked) throw new Refusal('unauthenticated', 'The API key is revoked.')
      return viewer
    },
  }
  return { member, told }
}
