/** Fills a store with very much, as its server would have written it: rows with their MACs, and sealed values. */
import { newUid } from '../src/crypto/random.ts'
import { formatNetwork, parseNetwork } from '../src/model/address.ts'
import type { Machine } from '../src/model/machine.ts'
import { plainDetails } from '../src/model/secret.ts'
import { rowText, type SealedRows, type SealedTable, type Unsealed } from '../src/store/coverage.ts'
import { deploymentSecrets } from '../src/store/tables/deployment.ts'
import type { NamedRow } from '../src/store/tables/field.ts'
import { machineAddresses } from '../src/store/tables/machine.ts'
import { audit } from '../src/store/tables/record.ts'
import { secretKeys } from '../src/store/tables/secret.ts'
import type { TableOf } from '../src/store/tables/table.ts'
import { sealedTables } from '../src/store/tables/tables.ts'
import type { Vault } from '../src/vault/vault.ts'
import type { Database } from '../test/support/rows.ts'

export interface Amounts {
  readonly secrets: number
  readonly records: number
  /** Of machines, of users and of targets. */
  readonly others: number
}

const atOnce = 2000
const dayMs = 86_400_000
const accountId = 1
const maker = { kind: 'host', id: 0, name: 'bench' } as const
const words = ['prod', 'test', 'dev', 'ci'] as const

export const nameOf = (at: number) => `${words[at % 4]}-key-${at}`
const address = (at: number) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`

/**
 * Beside a store's first account with a list `default`: one secret in a thousand is in the list `few`, has the tag `rare`
 * or has expired, up to a hundred of each; every second one has the tag `half`. The same names are in a second environment, with
 * another value each tenth.
 */
export async function fillStore(
  vault: Vault,
  filled: Database,
  amounts: Amounts,
  listIds: readonly number[],
  twin: { readonly environmentId: number; readonly listId: number },
) {
  const account = await vault.store.account(accountId)
  const [accountKey] = await vault.store.accountKeys(accountId)
  if (account === undefined || accountKey === undefined) throw new Error('The store has no account.')
  const now = vault.now()
  const database = inTurn(filled)
  const put = sealer(vault, database)
  const [firstSecret, firstRecord] = [account.nextSecretId, account.auditSize + 1]
  await inParts(2 * amounts.secrets, async (at) => {
    const places = at.map((number) => {
      const isTwin = number >= amounts.secrets
      const one = isTwin ? number - amounts.secrets : number
      return { one, isTwin, id: firstSecret + number, uid: newUid(), name: nameOf(one) }
    })
    const isRare = (one: number, rest: number) => one % 1000 === rest && one < 100_000
    await put(
      'secrets',
      places.map(({ one, isTwin, id, uid, name }) => ({
        ...plainDetails,
        ...{ accountId, id, uid, name, version: 1, createdAt: now - dayMs, updatedAt: now - dayMs + one },
        listId: isTwin ? twin.listId : (listIds[isRare(one, 1) ? 1 : 0] ?? 1),
        environmentId: isTwin ? twin.environmentId : 1,
        tags: [...(one % 2 === 0 ? ['half'] : []), ...(isRare(one, 2) ? ['rare'] : [])],
        expiresAt: isRare(one, 3) ? now - dayMs : null,
        decoy: null,
        destroyedAt: null,
      })),
    )
    const sealed = places.map(({ one, isTwin, id, uid, name }) => {
      const text = isTwin && one % 10 === 0 ? `another value of ${name}` : `value of ${name}`
      const { wrappedKey, key } = vault.keyring.newSecretKey(accountId, uid, accountKey)
      const value = vault.keyring.sealValue({ accountId, uid, name, version: 1 }, key, Buffer.from(text))
      const head = { accountId, secretId: id, version: 1, createdAt: now, name, destroyedAt: null }
      const mac = vault.keyring.rowMac(rowText('versions', head))
      return { wrapped: { ...wrappedKey, accountId, secretId: id }, version: { ...head, sealed: value, mac } }
    })
    await insert(
      database,
      secretKeys,
      sealed.map(({ wrapped }) => wrapped),
    )
    await insert(
      database,
      sealedTables.versions,
      sealed.map(({ version }) => version),
    )
  })
  await inParts(amounts.others, async (at) => {
    const machines = at.map((one): Unsealed<Machine> => {
      const network = parseNetwork(address(one + 1))
      if (network === undefined) throw new Error('An address is none.')
      const shared = { accountId, id: one + 1, uid: newUid(), name: `machine-${one}`, createdAt: now, maker }
      return { ...shared, addresses: [formatNetwork(network)], scopes: ['secrets:list', 'secrets:read'] }
    })
    await put('machines', machines)
    await insert(
      database,
      machineAddresses,
      machines.flatMap(({ id, addresses }) => {
        const { first = '', last = '' } = parseNetwork(addresses[0] ?? '') ?? {}
        return [{ first, last, accountId, machineId: id }]
      }),
    )
    await put(
      'users',
      at.map((one) => ({
        ...{ accountId, id: one + 1, uid: newUid(), email: `user-${one}@example.com`, name: `User ${one}` },
        ...{ role: one === 0 ? 'owner' : 'reader', patterns: ['*'], password: null, isDisabled: false, linkHash: null },
        environmentRoles: [],
        ...{ linkExpiresAt: null, hasSecondFactor: false, generation: 0, factorIds: [], createdAt: now },
        lastSignInAt: null,
      })),
    )
    const held = at.map((one) => ({ id: firstSecret + one, uid: 'u', name: nameOf(one), version: 1 }))
    await put(
      'deployments',
      at.map((one, index) => ({
        ...{ accountId, id: one + 1, target: `web-${one}`, principal: maker, seedId: null, createdAt: now },
        secrets: held.slice(index, index + 1),
        environmentId: 1,
      })),
    )
    await insert(
      database,
      deploymentSecrets,
      held.map((one, index) => ({ ...one, accountId, deploymentId: (at[index] ?? 0) + 1 })),
    )
  })
  await inParts(amounts.records, (at) =>
    insert(
      database,
      audit,
      at.map((one) => ({
        ...{
          accountId,
          seq: firstRecord + one,
          time: now - dayMs + one,
          principal: { kind: 'key', id: 1, name: 'ci' },
        },
        ...({
          action: 'secret.read',
          outcome: one % 50_000 === 7 ? 'forbidden' : 'ok',
          requestId: 'r',
          format: 1,
          environmentId: null,
        } as const),
        object: { kind: 'secret', id: one % 97, uid: 'u', name: nameOf(one % 97), version: 1, hash: null } as const,
        ...{ address: '127.0.0.1', head: Buffer.alloc(32), aside: null },
      })),
    ),
  )
  const { mac: _, ...changed } = {
    ...account,
    nextSecretId: firstSecret + 2 * amounts.secrets,
    ...{ nextMachineId: amounts.others + 1, nextUserId: amounts.others + 1, nextDeploymentId: amounts.others + 1 },
    ...{ auditSize: account.auditSize + amounts.records, auditAt: now },
  }
  await update(vault, database, changed)
  return firstSecret
}

/** Inserts rows of tables whose rows have MACs. */
function sealer(vault: Vault, database: Database) {
  return async <Table extends Exclude<SealedTable, 'versions'>>(
    name: Table,
    rows: readonly Unsealed<SealedRows[Table]>[],
  ) => {
    const table = sealedTables[name] as TableOf<object>
    const sealed = rows.map((row) => ({ ...row, mac: vault.keyring.rowMac(rowText(name, row)) }))
    await insert(database, table, sealed)
  }
}

/** A connection takes one statement after the other. */
function inTurn(database: Database): Database {
  let last = Promise.resolve()
  const insert: Database['insert'] = (...rows) => {
    last = last.then(() => database.insert(...rows))
    return last
  }
  return { ...database, insert }
}

async function insert<Model>(database: Database, table: TableOf<Model>, rows: readonly Model[]): Promise<void> {
  const names = Object.keys(table.columns)
  const asRow = (row: Model): NamedRow => Object.fromEntries(table.write(row).map((value, at) => [names[at], value]))
  if (rows.length > 0) await database.insert(table.name, rows.map(asRow))
}

async function update(vault: Vault, database: Database, account: Unsealed<SealedRows['accounts']>): Promise<void> {
  const table = sealedTables.accounts
  const row = { ...account, mac: vault.keyring.rowMac(rowText('accounts', account)) }
  const columns = table.ofUpdate.columns.slice(0, -table.keyLength)
  await database.query({
    sql: `update accounts set ${columns.map(({ name }) => `${name} = ?`).join(', ')} where id = ?`,
    parameters: table.ofUpdate.write(row),
  })
}

/** A few at a time: some are made here while the database takes another. */
async function inParts(count: number, make: (at: readonly number[]) => Promise<void>): Promise<void> {
  const begins = Array.from({ length: Math.ceil(count / atOnce) }, (_, part) => part * atOnce).values()
  const worker = async () => {
    for (const from of begins) await make(Array.from({ length: Math.min(atOnce, count - from) }, (_, at) => from + at))
  }
  await Promise.all([worker(), worker(), worker()])
}
