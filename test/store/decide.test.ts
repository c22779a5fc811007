/** Deciding a batch, where a request over HTTP cannot bring it about: outdated rows, other clocks. */
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { suite, test } from 'node:test'
import type { ApiKey } from '../../src/model/api-key.ts'
import { plainDetails } from '../../src/model/secret.ts'
import type { User } from '../../src/model/user.ts'
import type { Caller } from '../../src/store/caller.ts'
import { decide } from '../../src/store/decide/decide.ts'
import type { Op, Outcome, Request } from '../../src/store/operation.ts'
import type { NextVersion } from '../../src/store/operations/secrets.ts'
import { RowMacs } from '../../src/store/row-macs.ts'
import type { StoredSecret } from '../../src/store/stored.ts'
import { accountKeys, accountKeysInUse, accounts } from '../../src/store/tables/account.ts'
import { apiKeys } from '../../src/store/tables/api-key.ts'
import { audit } from '../../src/store/tables/record.ts'
import { overReplies } from '../../src/store/tables/reply.ts'
import { secretKeys, storedSecrets, versions } from '../../src/store/tables/secret.ts'
import { users } from '../../src/store/tables/user.ts'
import { trailOnly } from '../../src/store/trail-only.ts'
import { World } from '../../src/store/world.ts'

const now = Date.UTC(2026, 0, 1)
const host: Caller = { kind: 'host', accountId: 1, name: 'root' }
const bytes = (fill: number) => new Uint8Array(32).fill(fill)

const secret: StoredSecret = {
  secret: {
    accountId: 1,
    id: 1,
    uid: '0a'.repeat(16),
    name: 'one',
    version: 3,
    createdAt: now - 5000,
    updatedAt: now - 1000,
    listId: 1,
    environmentId: 1,
    decoy: null,
    destroyedAt: null,
    ...plainDetails,
    mac: bytes(3),
  },
  key: { keyVersion: 1, wrapped: bytes(1) },
  sealed: bytes(2),
}

const key: ApiKey = {
  accountId: 1,
  id: 1,
  uid: '0b'.repeat(16),
  name: 'owner',
  tokenHash: 'ab',
  scopes: ['secrets:read', 'secrets:write', 'keys:manage'],
  networks: [],
  createdAt: now - 5000,
  expiresAt: null,
  revokedAt: null,
  userId: null,
  confirmedAt: null,
  ruleId: null,
  maker: null,
  isOwner: false,
  makerGeneration: null,
  agent: '',
  lastUsedAt: now - 1000,
  lastUsedApi: null,
  mac: bytes(7),
}

const update = (next: NextVersion | undefined): Op<'update_secret'> => ({
  kind: 'update_secret',
  id: 1,
  name: undefined,
  rename: undefined,
  match: undefined,
  next,
})

const createFor = (accountId: number): Op<'create_secret'> => ({
  kind: 'create_secret',
  accountId,
  name: 'new',
  list: undefined,
  details: plainDetails,
  uid: '0c'.repeat(16),
  key: secret.key,
  sealed: secret.sealed,
})

const next: NextVersion = { version: 3, rowMac: bytes(3), name: 'one', sealed: bytes(8) }

suite('A decision', () => {
  test('upon another row than the one that was prepared is put off: nothing is changed or recorded', () => {
    const others = [undefined, { ...next, version: 2 }, { ...next, version: 4 }, { ...next, rowMac: bytes(4) }]

    for (const other of others) {
      const { outcomes, changes } = decide([requestOf(host, update(other))], worldOf())

      assert.deepEqual(outcomes, [{ kind: 'outdated' }])
      assert.deepEqual([changes.added(audit), changes.added(versions), changes.fates(storedSecrets)], [[], [], []])
    }
  })

  test('lets one of two updates of one version pass in a batch, and puts the other off', () => {
    const { outcomes, changes } = decide(
      [1, 2].map(() => requestOf(host, update(next))),
      worldOf(),
    )

    assert.deepEqual(outcomes.map(wordOf), ['done', 'outdated'])
    assert.deepEqual(
      changes.added(versions).map(({ version }) => version),
      [4],
    )
    assert.deepEqual(
      changes.fates(storedSecrets).map(({ existed, row }) => [existed, row?.secret.version]),
      [[true, 4]],
    )
    assert.equal(changes.added(audit).length, 1)
  })

  test('sees a key revoked by its neighbour before it', () => {
    const caller: Caller = { kind: 'token', hash: 'ab' }
    const change = { rowMac: key.mac, expiresAt: null, revokedAt: now }

    const { outcomes } = decide(
      [
        requestOf(caller, readFirst),
        requestOf(host, { kind: 'revoke_key', id: 1, change, isWhole: false }),
        requestOf(caller, readFirst),
      ],
      worldOf(),
    )

    assert.deepEqual(outcomes.map(wordOf), ['done', 'done', 'unauthenticated'])
  })

  test('upon a key that changed since it was prepared is put off', () => {
    const change = { rowMac: bytes(1), expiresAt: null, revokedAt: now }

    const { outcomes, changes } = decide(
      [requestOf(host, { kind: 'revoke_key', id: 1, change, isWhole: false })],
      worldOf(),
    )

    assert.deepEqual(outcomes, [{ kind: 'outdated' }])
    assert.deepEqual(changes.fates(apiKeys), [])
  })

  test('on what was sealed for another account is put off', () => {
    const { outcomes, changes } = decide([requestOf(host, createFor(2))], worldOf())

    assert.deepEqual(outcomes, [{ kind: 'outdated' }])
    assert.deepEqual(changes.fates(storedSecrets), [])
  })

  test('on a secret whose key was wrapped under an account key that is being replaced is put off', () => {
    const newest = { accountId: 1, version: 2, wrapped: bytes(1), uses: 0, guard: '' }

    const { outcomes, changes } = decide([requestOf(host, createFor(1))], worldOf({ newest }))

    assert.deepEqual(outcomes, [{ kind: 'outdated' }])
    assert.deepEqual(changes.fates(storedSecrets), [])
  })

  test('destroys no account key that still wraps something, nor the newest, nor one that it knows nothing of', () => {
    const newest = { accountId: 1, version: 2, wrapped: bytes(1), uses: 0, guard: '' }
    const drop = (version: number, inUse: readonly number[] | undefined) => {
      const world = worldOf({ newest })
      if (inUse !== undefined) world.setFact(accountKeysInUse, new Set(inUse), 1)
      return decide([requestOf(host, { kind: 'drop_account_key', version })], world)
    }

    for (const { outcomes, changes } of [drop(1, [1, 2]), drop(2, []), drop(3, []), drop(1, undefined)]) {
      assert.deepEqual(outcomes.map(wordOf), ['invalid'])
      assert.deepEqual(changes.fates(accountKeys), [])
    }
    assert.deepEqual(drop(1, [2]).outcomes.map(wordOf), ['done'])
  })

  test('puts no account key in place of one that was replaced meanwhile', () => {
    const now = { accountId: 1, version: 2, wrapped: bytes(1), uses: 5, guard: '' }
    const world = () => worldOf({ newest: now })
    const rewrap = (version: number, from: Uint8Array) => {
      const to = { accountId: 1, version, wrapped: bytes(9), uses: 0, guard: '' }
      return decide([requestOf(host, { kind: 'rewrap_account_key', from, to })], world())
    }

    for (const { outcomes, changes } of [rewrap(1, bytes(1)), rewrap(2, bytes(2)), rewrap(3, bytes(1))]) {
      assert.deepEqual(outcomes, [{ kind: 'outdated' }])
      assert.deepEqual(changes.fates(accountKeys), [])
    }
    const { changes } = rewrap(2, bytes(1))
    assert.deepEqual(
      changes.fates(accountKeys).map(({ existed, row }) => [existed, row]),
      [[true, { ...now, wrapped: bytes(9) }]],
    )
  })

  test('adds no version of an account key under another guard than the newest has', () => {
    const now = { accountId: 1, version: 1, wrapped: bytes(1), uses: 0, guard: 'a'.repeat(32) }
    const add = (guard: string) => {
      const accountKey = { accountId: 1, version: 2, wrapped: bytes(2), uses: 0, guard }
      return decide([requestOf(host, { kind: 'add_account_key', accountKey })], worldOf({ newest: now }))
    }

    for (const guard of ['', 'b'.repeat(32)]) assert.deepEqual(add(guard).outcomes, [{ kind: 'outdated' }])
    assert.deepEqual(add(now.guard).outcomes.map(wordOf), ['done'])
  })

  test('lets nobody without account:manage replace the key of an account', () => {
    const byKey: Caller = { kind: 'token', hash: 'ab' }
    const accountKey = { accountId: 1, version: 2, wrapped: bytes(1), uses: 0, guard: '' }

    for (const operation of [
      { kind: 'add_account_key', accountKey },
      { kind: 'rewrap_secret_keys', keys: [{ id: 1, from: secret.key, to: { keyVersion: 2, wrapped: bytes(5) } }] },
      { kind: 'rewrap_account_key', from: bytes(1), to: accountKey },
      { kind: 'drop_account_key', version: 0 },
    ] as const) {
      const { outcomes, changes } = decide([requestOf(byKey, operation)], worldOf())

      assert.deepEqual(outcomes.map(wordOf), ['forbidden'])
      assert.deepEqual([changes.fates(accountKeys), changes.fates(secretKeys)], [[], []])
    }
  })

  test('of a session is made upon its user, who may still do all of it', () => {
    const user: User = {
      accountId: 1,
      id: 7,
      uid: '0d'.repeat(16),
      email: 'ada@example.com',
      name: 'Ada',
      role: 'editor',
      patterns: ['*'],
      environmentRoles: [],
      password: null,
      isDisabled: false,
      linkHash: null,
      linkExpiresAt: null,
      hasSecondFactor: false,
      generation: 0,
      factorIds: [],
      createdAt: now - 5000,
      lastSignInAt: now - 1000,
      mac: bytes(4),
    }
    const session: ApiKey = { ...key, id: 2, tokenHash: 'cd', userId: 7, scopes: ['secrets:read'], lastUsedAt: now }
    const readAs = (row: User | undefined) => {
      const caller: Caller = { kind: 'token', hash: 'cd' }
      const world = worldOf()
      world.take(apiKeys, [session])
      world.take(users, row === undefined ? [] : [row])
      return decide([requestOf(caller, readFirst)], world).outcomes.map(wordOf)
    }

    assert.deepEqual(readAs(user), ['done'])
    for (const row of [
      { ...user, role: 'auditor' },
      { ...user, patterns: ['dev-*'] },
      { ...user, isDisabled: true },
    ] as const) {
      assert.deepEqual(readAs(row), ['unauthenticated'])
    }
    assert.deepEqual(readAs(undefined), ['unauthenticated'])
  })

  test('on a key that says somebody else has made it is put off', () => {
    const made = { ...key, uid: '0e'.repeat(16), tokenHash: 'ef' }
    for (const maker of [null, { kind: 'host', id: 1, name: 'root' }, { kind: 'user', id: 0, name: 'root' }] as const) {
      const { outcomes } = decide([requestOf(host, { kind: 'create_key', key: { ...made, maker } })], worldOf())
      assert.deepEqual(outcomes.map(wordOf), ['outdated'])
    }
    const maker = { kind: 'host', id: 0, name: 'root' } as const
    const { outcomes } = decide([requestOf(host, { kind: 'create_key', key: { ...made, maker } })], worldOf())
    assert.deepEqual(outcomes.map(wordOf), ['done'])
  })

  test('is recorded in order though the clock stepped back', () => {
    const { changes } = decide([requestOf(host, readFirst)], worldOf({ now: now - 60_000 }))

    assert.deepEqual(
      changes.added(audit).map(({ seq, time }) => [seq, time]),
      [[8, now - 500]],
    )
    assert.equal(changes.fateOf(accounts, 1)?.row?.auditAt, now - 500)
  })

  test('notes the use of a key once a minute at most', () => {
    const caller: Caller = { kind: 'token', hash: 'ab' }
    const usesAt = (time: number) =>
      decide([requestOf(caller, readFirst)], worldOf({ now: time }))
        .changes.fates(apiKeys)
        .map(({ row }) => row?.lastUsedAt)

    assert.deepEqual(usesAt(now + 58_999), [])
    assert.deepEqual(usesAt(now + 59_000), [now + 59_000])
  })

  test('on an account that is not there is refused without a record', () => {
    const { outcomes, changes } = decide([requestOf({ ...host, accountId: 2 }, readFirst)], worldOf())

    assert.deepEqual(outcomes.map(wordOf), ['not_found'])
    assert.deepEqual(changes.added(audit), [])
  })

  test('makes no account for a key, nor under an id that is not the next', () => {
    const operation: Op<'create_account'> = {
      kind: 'create_account',
      name: 'acme',
      id: 2,
      accountKey: { accountId: 2, version: 1, wrapped: bytes(1), uses: 0, guard: '' },
      key: { ...key, accountId: 2 },
    }
    const byKey: Caller = { kind: 'token', hash: 'ab' }

    for (const [caller, world, word] of [
      [byKey, worldOf({ nextAccountId: 2 }), 'forbidden'],
      [host, worldOf({ nextAccountId: 3 }), 'outdated'],
      [host, worldOf({ nextAccountId: 2, accountNames: new Set(['acme']) }), 'name_taken'],
    ] as const) {
      const { outcomes, changes } = decide([requestOf(caller, operation)], world)

      assert.deepEqual(outcomes.map(wordOf), [word])
      assert.deepEqual(changes.fates(accounts), [])
    }
    const { outcomes } = decide([requestOf(host, operation)], worldOf({ nextAccountId: 2 }))
    assert.deepEqual(outcomes.map(wordOf), ['done'])
  })
})

suite('A batch that is decided beside others', () => {
  const byKey: Caller = { kind: 'token', hash: 'ab' }

  test('leaves records, and when keys were used, and says nothing of where they stand', () => {
    const { outcomes, changes } = decide(
      [requestOf(byKey, readFirst), requestOf(byKey, { ...readFirst, id: 9 })],
      worldOf({ now: now + 120_000, isShared: true }),
    )

    assert.deepEqual(outcomes.map(wordOf), ['done', 'not_found'])
    const left = trailOnly(changes) ?? assert.fail()
    assert.deepEqual(
      left.records.map(({ action, outcome }) => [action, outcome]),
      [
        ['secret.read', 'ok'],
        ['secret.read', 'not_found'],
      ],
    )
    assert.deepEqual(
      left.used.map(({ id, lastUsedAt }) => [id, lastUsedAt]),
      [[1, now + 120_000]],
    )
  })

  test('is found out when it changes anything else', () => {
    const alone = (work: (world: World) => void) => {
      const world = worldOf({ isShared: true })
      work(world)
      return trailOnly(world.changes)
    }
    const found = (world: World) => world.get(apiKeys, 1, 1) ?? assert.fail()

    assert.ok(alone((world) => world.put(apiKeys, { ...found(world), lastUsedAt: now, lastUsedApi: 'vault' })))
    assert.equal(
      alone((world) => world.put(apiKeys, { ...found(world), revokedAt: now })),
      undefined,
    )
    assert.equal(
      alone((world) => world.put(apiKeys, { ...found(world), mac: bytes(9) })),
      undefined,
    )
    assert.equal(
      alone((world) => world.put(apiKeys, { ...found(world), id: 7 })),
      undefined,
    )
    assert.equal(
      alone((world) => world.remove(apiKeys, found(world))),
      undefined,
    )
    assert.equal(
      alone((world) => world.put(storedSecrets, secret)),
      undefined,
    )
    assert.equal(
      alone((world) => world.put(accounts, world.get(accounts, 1) ?? assert.fail())),
      undefined,
    )
    assert.equal(
      alone((world) => world.changes.drop(overReplies, { accountId: 1, createdAt: 0 })),
      undefined,
    )
  })
})

const readFirst: Op<'read_secret'> = { kind: 'read_secret', id: 1 }

function requestOf(caller: Caller, operation: Request['operation']): Request {
  return { caller, requestId: 'r', address: '127.0.0.1', operation }
}

function wordOf(outcome: Outcome): string {
  return outcome.kind === 'refused' ? outcome.code : outcome.kind
}

/** Account 1 with one secret at version 3, one key, and seven records. */
function worldOf({
  now: time = now,
  newest = { accountId: 1, version: 1, wrapped: bytes(1), uses: 0, guard: '' },
  nextAccountId = 0,
  accountNames = new Set<string>(),
  isShared = false,
} = {}): World {
  const account = {
    id: 1,
    name: 'default',
    createdAt: now - 9000,
    nextSecretId: 2,
    nextKeyId: 2,
    nextListId: 2,
    nextMachineId: 1,
    nextUserId: 1,
    nextDeploymentId: 1,
    nextSeedId: 1,
    nextWebhookId: 1,
    nextTrustRuleId: 1,
    nextDeletedId: 1,
    nextEnvironmentId: 2,
    auditSize: 7,
    auditHead: bytes(0),
    auditAt: now - 500,
    networks: [],
    machineNetworks: [],
    mac: bytes(2),
  }
  const macs = new RowMacs(createSecretKey(bytes(7)), '00')
  const world = new World({ storeId: '00', macs, forged: [], now: time, keepVersions: 10, isShared })
  world.take(accounts, [account])
  world.take(accountKeys, [newest])
  world.take(apiKeys, [isShared ? macs.seal('api_keys', key) : key])
  world.take(storedSecrets, [secret])
  world.accountNames = accountNames
  world.nextAccountId = nextAccountId
  return world
}
