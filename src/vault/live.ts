/** What an account holds by its tables, in the words of its trail, and which of it is not authentic. */
import { hash } from 'node:crypto'
import type { Live } from '../audit/state.ts'
import { keyToAuthenticate } from '../model/api-key.ts'
import { deploymentHash } from '../model/deployment.ts'
import { factorName, factorToAuthenticate } from '../model/factor.ts'
import { listUid, placeHash } from '../model/list.ts'
import { machineToAuthenticate, settingsToAuthenticate } from '../model/machine.ts'
import { detailsHash, secretToAuthenticate } from '../model/secret.ts'
import { seedToAuthenticate } from '../model/seed.ts'
import { rulesToAuthenticate } from '../model/sign-in.ts'
import { trustRuleToAuthenticate } from '../model/trust-rule.ts'
import { userToAuthenticate } from '../model/user.ts'
import type { Vault } from './vault.ts'

/** Few, as their values come along. */
const secretPage = 200
const keyPage = 2000

export interface Found {
  readonly live: readonly Live[]
  /** Rows whose MAC is not theirs, one sentence each. */
  readonly forged: readonly string[]
}

export async function liveOf(vault: Pick<Vault, 'store' | 'keyring'>, accountId: number): Promise<Found> {
  const { store, keyring } = vault
  const live: Live[] = []
  const forged: string[] = []
  const take = (one: Live, text: string, mac: Uint8Array) => {
    live.push(one)
    if (!keyring.isRowMac(text, mac)) forged.push(`The row of ${one.kind} ${one.id ?? ''} is not authentic.`)
  }
  for await (const { secret, sealed, listUid: place } of pages(
    secretPage,
    (last) => {
      return store.storedSecretsAfter(accountId, last, secretPage)
    },
    ({ secret }) => secret.id,
  )) {
    const { id, uid, name, version, mac } = secret
    if (place === null) forged.push(`The list of secret ${id} is not there.`)
    const placed = placeHash({ uid: place ?? '' })
    if (sealed === null) forged.push(`The value of secret ${id} is not in the store.`)
    const digest = sealed === null ? null : hash('sha256', sealed, 'hex')
    const one = {
      kind: 'secret',
      id,
      uid,
      name,
      version,
      hash: digest,
      details: detailsHash(secret),
      place: placed,
    } as const
    take(one, secretToAuthenticate(secret), mac)
  }
  for await (const key of pages(
    keyPage,
    (last) => store.keysAfter(accountId, last, keyPage),
    ({ id }) => id,
  )) {
    take({ ...rowOf('key', key), isRevoked: key.revokedAt !== null }, keyToAuthenticate(key), key.mac)
  }
  // It came with its account, in one record; no key that somebody made is ever deleted.
  if (!live.some(({ kind, id }) => kind === 'key' && id === 1)) forged.push('API key 1 is not in the store.')
  for (const user of await store.users(accountId)) {
    take(rowOf('user', { ...user, name: user.email }), userToAuthenticate(user), user.mac)
  }
  for await (const factor of pages(
    keyPage,
    (last) => store.factorsAfter(accountId, last, keyPage),
    ({ id }) => id,
  )) {
    const { kind, name } = factor
    take(rowOf('factor', { ...factor, name: factorName({ kind, name }) }), factorToAuthenticate(factor), factor.mac)
  }
  const rules = await store.rules(accountId)
  if (rules !== undefined) {
    const row = rowOf('sign_in', { id: null, uid: null, name: null, mac: rules.mac })
    take(row, rulesToAuthenticate(rules), rules.mac)
  }
  for (const machine of await store.machines(accountId)) {
    take(rowOf('machine', machine), machineToAuthenticate(machine), machine.mac)
  }
  for (const rule of await store.trustRules(accountId)) {
    take(rowOf('trust_rule', rule), trustRuleToAuthenticate(rule), rule.mac)
  }
  for await (const seed of pages(
    keyPage,
    (last) => store.seedsAfter(accountId, last, keyPage),
    ({ id }) => id,
  )) {
    take(rowOf('seed', { ...seed, name: seed.target }), seedToAuthenticate(seed), seed.mac)
  }
  for await (const { deployment } of pages(
    secretPage,
    (last) => store.deploymentsAfter(accountId, {}, last, secretPage),
    ({ deployment: { id } }) => id,
  )) {
    const { id, target: name } = deployment
    live.push({ kind: 'target', id, uid: null, name, version: null, hash: deploymentHash(deployment) })
  }
  const settings = await store.settings(accountId)
  if (settings !== undefined) {
    take(
      rowOf('settings', { id: null, uid: null, name: null, ...settings }),
      settingsToAuthenticate(settings),
      settings.mac,
    )
  }
  for (const { id, uid, name } of await store.lists(accountId)) {
    if (uid !== listUid(keyring.storeId, accountId, id)) forged.push(`The row of list ${id} is not authentic.`)
    live.push({ kind: 'list', id, uid, name, version: null, hash: null })
  }
  return { live, forged }
}

async function* pages<T>(
  size: number,
  read: (last: number) => Promise<readonly T[]>,
  idOf: (row: T) => number,
): AsyncGenerator<T> {
  for (let last = 0; ; ) {
    const page = await read(last)
    yield* page
    const end = page.at(-1)
    if (page.length < size || end === undefined) return
    last = idOf(end)
  }
}

function rowOf(
  kind: Live['kind'],
  { id, uid, name, mac }: Pick<Live, 'id' | 'uid' | 'name'> & { readonly mac: Uint8Array },
): Live {
  return { kind, id, uid, name, version: null, hash: hash('sha256', mac, 'hex') }
}
