/** Who listens to a trail is told of what they may see by then, and of nothing else, whenever they come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { AuditRecord } from '../../src/audit/record.ts'
import { Refusal } from '../../src/errors.ts'
import type { AuditSegment } from '../../src/model/audit-segment.ts'
import type { Listener } from '../../src/store/operations/events.ts'
import { type Viewer, viewerOf } from '../../src/vault/event-view.ts'
import { Feed, type Member } from '../../src/vault/feed.ts'
import { Listeners } from '../../src/vault/listeners.ts'
import { until } from '../support/receiver.ts'

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
const archived: AuditSegment = {
  ...{ accountId, firstSeq: 1, lastSeq: 3, headBefore: '', head: '', firstAt: 0, lastAt: 0, file: '', hash: '' },
  ...{ archivedAt: 0, restoredUntil: null, isRestored: false, mac: Buffer.alloc(32) },
}
const allThere = { newestAway: async () => undefined }
const changed = { id: 2, uid: null, name: 'k', version: null, hash: null } as const
const revoked: AuditRecord = {
  accountId,
  seq: 3,
  time: 0,
  principal,
  action: 'key.revoke',
  object: { ...changed, kind: 'key' },
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
      segments: allThere,
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
  assert.deepEqual(first.told, ['up to 3: '])
  feed.leave(first.member)
})

test('Whoever may see more by what is read is told of all since then, however much is read at once', async () => {
  const auditor = { ...listener, scopes: [{ right: 'audit:read', pattern: '*', environment: null }] } as const
  const records = [
    { ...revoked, action: 'user.update', object: { ...changed, kind: 'user' } },
    { ...revoked, seq: 4, action: 'secret.read', object: { ...changed, kind: 'secret' } },
  ] as const
  let size = 2
  const feed = new Feed(
    {
      auditSize: async () => size,
      recordsAmong: async (_, { after, upTo, changes }) =>
        records
          .filter(
            ({ seq, action }) => seq > after && seq <= upTo && (changes === undefined || changes.includes(action)),
          )
          .map((record) => ({ record, head: Buffer.alloc(32) })),
      secretNamed: async () => undefined,
      segments: allThere,
    },
    accountId,
    Date.now,
  )
  const [late, there] = [2, 2].map((position) => memberAt(position, false, viewerOf(auditor, {})))
  assert.ok(late !== undefined && there !== undefined)

  await feed.join(there.member, 2)
  size = 4
  feed.wake()
  await feed.join(late.member, 4)
  await until(() => there.told.length > 0)

  for (const { told } of [there, late]) assert.deepEqual(told, ['up to 4: 3 4'])
  for (const { member } of [there, late]) feed.leave(member)
})

test('Whoever begins once the server stops is told that it does, and waited for by nobody', async () => {
  const listeners = new Listeners(
    {
      ...{ auditSize: () => assert.fail(), recordsAmong: () => assert.fail(), secretNamed: () => assert.fail() },
      segments: allThere,
      follow: () => assert.fail(),
    },
    Date.now,
  )
  const giveBack = listeners.take(listener)
  const { member, told } = memberAt(2, false)

  listeners.stop()
  await listeners.add(accountId, member, 2)

  assert.deepEqual(told, ['end stopping'])
  listeners.remove(accountId, member)
  giveBack()
})

for (const who of ['Whoever begins', 'Whoever listens'] as const) {
  test(`${who} is not told of less where records are archived as they are read, but to begin anew`, async () => {
    let size = 2
    let lastAway = 0
    const feed = new Feed(
      {
        auditSize: async () => size,
        recordsAmong: async () => {
          lastAway = archived.lastSeq
          return []
        },
        secretNamed: async () => undefined,
        segments: {
          newestAway: async (_, first, last) => (first <= lastAway && last >= lastAway ? archived : undefined),
        },
      },
      accountId,
      Date.now,
    )
    const { member, told } = memberAt(2, false)
    if (who === 'Whoever begins') size = 4
    await feed.join(member, size)
    size = 4
    feed.wake()
    await until(() => told.length > 0)

    assert.deepEqual(told, ['end lost'])
    assert.equal(member.position, 2)
    feed.leave(member)
  })
}

/** @param renewed as whom they may listen once it is asked anew */
function memberAt(
  position: number,
  isRevoked: boolean,
  renewed?: Viewer,
): { readonly member: Member; readonly told: readonly string[] } {
  const told: string[] = []
  const viewer = viewerOf(listener, {})
  const member: Member = {
    sink: {
      give: (events, reached) => void told.push([`up to ${reached}`, events.map(({ id }) => id).join(' ')].join(': ')),
      ready: async () => {},
      end: (reason) => void told.push(`end ${reason}`),
    },
    ...{ viewer, position, isOver: false, identity: String(isRevoked) },
    renew: async () => {
      if (isRevoked) throw new Refusal('unauthenticated', 'The API key is revoked.')
      return renewed ?? viewer
    },
  }
  return { member, told }
}
