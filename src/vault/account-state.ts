/** What an account holds by its tables, in the words of its trail, and which of it is not authentic. */
import { hash } from 'node:crypto'
import type { DestroyedVersion, Holding } from '../audit/state.ts'
import { settingsHash } from '../model/account.ts'
import type { AddressRange } from '../model/address.ts'
import { keptHash } from '../model/deleted.ts'
import { deploymentHash } from '../model/deployment.ts'
import { defaultEnvironment, environmentUid } from '../model/environment.ts'
import { factorName, hasFactors } from '../model/factor.ts'
import { listUid, placeHash } from '../model/list.ts'
import { type Machine, rangesOf } from '../model/machine.ts'
import { detailsHash } from '../model/secret.ts'
import { rowText, type SealedRows, type SealedTable } from '../store/coverage.ts'
import { type FirstTable, firstText } from '../store/first-format.ts'
import {
  factorListing,
  keyListing,
  listListing,
  machineListing,
  openSessionListing,
  seedListing,
  userListing,
  webhookListing,
} from '../store/listings.ts'
import { everyRow, pages } from './pages.ts'
import type { Vault } from './vault.ts'

/** Few, as their values come along. */
const secretPage = 200

/** So many sentences are kept: who has read these knows enough. */
const maxFindings = 1000

/** What is found to be wrong: the first of it, and how much more there is. */
export class Findings {
  readonly #first: string[] = []
  #more = 0

  push(sentence: string): void {
    if (this.#first.length < maxFindings) this.#first.push(sentence)
    else this.#more++
  }

  list(): readonly string[] {
    return this.#more === 0 ? this.#first : [...this.#first, `There are ${this.#more} more of the like.`]
  }
}

/**
 * @param onHolding told of all that the account holds
 * @param forged told of rows whose MAC is not theirs, and of what is missing
 * @returns these, one sentence each
 */
export async function accountState(
  vault: Pick<Vault, 'store' | 'keyring'>,
  accountId: number,
  onHolding: (holding: Holding) => void = () => {},
  forged = new Findings(),
): Promise<readonly string[]> {
  const { store, keyring } = vault
  let hasFirstKey = false
  const check = <Table extends SealedTable>(table: Table, row: SealedRows[Table], what: string) => {
    if (!keyring.isRowMac(rowText(table, row), row.mac)) forged.push(`The row of ${what} is not authentic.`)
  }
  /** Records of the first version name the MAC that the row had by its text. */
  const take = <Table extends FirstTable>(
    table: Table,
    row: SealedRows[Table],
    one: Omit<Holding, 'hash' | 'firstHash'>,
    digest = hash('sha256', row.mac, 'hex'),
  ) => {
    check(table, row, `${one.kind} ${one.id ?? ''}`.trim())
    const firstMac = keyring.rowMac(firstText[table](row))
    onHolding({ ...one, hash: digest, firstHash: hash('sha256', firstMac, 'hex') })
  }
  const account = await store.account(accountId)
  if (account !== undefined) check('accounts', account, `account ${accountId}`)
  for await (const { secret, sealed, listUid: place } of pages(
    secretPage,
    (last) => {
      return store.storedSecretsAfter(accountId, last, secretPage)
    },
    ({ secret }) => secret.id,
  )) {
    const { id, uid, name, version } = secret
    check('secrets', secret, `secret ${id}`)
    if (place === null) forged.push(`The list of secret ${id} is not there.`)
    const placed = placeHash({ uid: place ?? '' })
    if (sealed === null) forged.push(`The value of secret ${id} is not in the store.`)
    const digest = sealed === null ? null : hash('sha256', sealed, 'hex')
    const details = detailsHash(secret)
    const environmentId = placeIn(secret)
    onHolding({ kind: 'secret', id, uid, name, version, hash: digest, details, place: placed, environmentId })
  }
  for await (const one of pages(
    secretPage,
    (last) => store.storedDeletedAfter(accountId, last, secretPage),
    ({ deleted }) => deleted.id,
  )) {
    const { deleted, key, sealed } = one
    const { id, uid, name, version, state } = deleted
    check('deleted', deleted, `deletion ${id}`)
    if (deleted.kind === 'secret' && (key.wrapped.length === 0 || hash('sha256', sealed, 'hex') !== deleted.hash))
      forged.push(`The value that deletion ${id} keeps is not in the store.`)
    // Its end is recorded before all that was in it is gone.
    if (state === 'purging') continue
    const environmentId = deleted.environmentId === 0 ? null : placeIn(deleted)
    onHolding({ kind: 'deleted', id, uid, name, version, hash: keptHash(deleted), environmentId })
  }
  for await (const key of everyRow(vault, accountId, keyListing)) {
    hasFirstKey ||= key.id === 1
    take('api_keys', key, { ...idOf(key), kind: 'key', isRevoked: key.revokedAt !== null })
  }
  for await (const session of everyRow(vault, accountId, openSessionListing)) {
    take('api_keys', session, { ...idOf({ ...session, name: null }), kind: 'session', isRevoked: false })
  }
  // It came with its account, in one record; no key that somebody made is ever deleted.
  if (!hasFirstKey) forged.push('API key 1 is not in the store.')
  const users = await Array.fromAsync(everyRow(vault, accountId, userListing))
  for (const user of users) take('users', user, { ...idOf({ ...user, name: user.email }), kind: 'user' })
  const factorIds = new Map(users.map(({ id }) => [id, [] as { readonly id: number }[]]))
  for await (const factor of everyRow(vault, accountId, factorListing)) {
    const { kind, name } = factor
    take('factors', factor, { ...idOf({ ...factor, name: factorName({ kind, name }) }), kind: 'factor' })
    factorIds.get(factor.userId)?.push(factor)
  }
  for (const user of users) {
    if (hasFactors(user, factorIds.get(user.id) ?? [])) continue
    // Unless somebody changed them between the two readings.
    const now = await store.user(accountId, user.id)
    if (now !== undefined && Buffer.from(now.mac).equals(user.mac)) {
      forged.push(`The factors of user ${user.id} are not all there.`)
    }
  }
  const rules = await store.rules(accountId)
  if (rules === undefined) forged.push('The rules for signing in are not in the store.')
  else {
    const isUsual = !rules.isSecondFactorRequired && rules.sso === null
    take('sign_in_rules', rules, { kind: 'sign_in', ...nameless, isUsual })
  }
  const customerKey = await store.customerKey(accountId)
  if (customerKey !== undefined) {
    check('customer_keys', customerKey, 'the customer’s key')
    const { provider: name, mac } = customerKey
    onHolding({ kind: 'customer_key', ...nameless, name, hash: hash('sha256', mac, 'hex') })
  }
  const machines = await Array.fromAsync(everyRow(vault, accountId, machineListing))
  for (const machine of machines) take('machines', machine, { ...idOf(machine), kind: 'machine' })
  for (const fault of await claimFaults(store, accountId, machines)) forged.push(fault)
  for (const rule of await store.trustRules(accountId)) take('trust_rules', rule, { ...idOf(rule), kind: 'trust_rule' })
  for await (const seed of everyRow(vault, accountId, seedListing)) {
    take('seeds', seed, { ...idOf({ ...seed, name: seed.target }), kind: 'seed', environmentId: placeIn(seed) })
  }
  for await (const webhook of everyRow(vault, accountId, webhookListing)) {
    const { id, mac } = webhook
    check('webhooks', webhook, `webhook ${id}`)
    onHolding({ kind: 'webhook', ...idOf({ ...webhook, name: webhook.host }), hash: hash('sha256', mac, 'hex') })
  }
  for await (const { deployment } of pages(
    secretPage,
    async (last) => (await store.deploymentsAfter(accountId, {}, last, secretPage)).found,
    ({ deployment: { id } }) => id,
  )) {
    const { id, target: name } = deployment
    check('deployments', deployment, `deployment ${id}`)
    const held = deploymentHash(deployment)
    onHolding({ kind: 'target', id, uid: null, name, version: null, hash: held, environmentId: placeIn(deployment) })
  }
  const settings = await store.settings(accountId)
  if (settings === undefined) forged.push('The settings of the account are not in the store.')
  else if (account !== undefined) {
    const isBare = !settings.vmAuth && settings.recoveryDays === 0
    const isUsual = isBare && account.networks.length === 0 && account.machineNetworks.length === 0
    take('account_settings', settings, { kind: 'settings', ...nameless, isUsual }, settingsHash(settings, account))
  }
  for (const environment of await store.environments(accountId)) {
    const { id, uid, name, mac } = environment
    check('environments', environment, `environment ${id}`)
    if (uid !== environmentUid(keyring.storeId, accountId, id))
      forged.push(`The row of environment ${id} is not authentic.`)
    onHolding({ kind: 'environment', id, uid, name, version: null, hash: hash('sha256', mac, 'hex') })
  }
  for await (const list of everyRow(vault, accountId, listListing)) {
    const { id, uid, name, deleter } = list
    check('lists', list, `list ${id}`)
    if (uid !== listUid(keyring.storeId, accountId, id)) forged.push(`The row of list ${id} is not authentic.`)
    const isGoing = deleter !== null
    onHolding({ kind: 'list', id, uid, name, version: null, hash: null, isGoing, environmentId: placeIn(list) })
  }
  return forged.list()
}

/** The versions that are in the store with a value, or with a mark that is not authentic, though the trail says that it was destroyed. */
export async function* destroyedFaults(
  { store, keyring }: Pick<Vault, 'store' | 'keyring'>,
  accountId: number,
  destroyed: Iterable<DestroyedVersion>,
): AsyncGenerator<string> {
  for (const part of inParts(destroyed, secretPage)) {
    const seqs = new Map(part.map(({ id, version, seq }) => [`${id} ${version}`, seq]))
    for (const head of await store.versionHeadsOf(accountId, [...new Set(part.map(({ id }) => id))])) {
      const { secretId, version, destroyedAt, mac } = head
      const seq = seqs.get(`${secretId} ${version}`)
      const what = `ersion ${version} of secret ${secretId}`
      if (seq === undefined) continue
      if (destroyedAt === null) yield `V${what} is in the store, though record ${seq} destroyed its value.`
      else if (!keyring.isRowMac(rowText('versions', head), mac)) yield `The row of v${what} is not authentic.`
    }
  }
}

function* inParts<One>(all: Iterable<One>, size: number): Generator<readonly One[]> {
  let part: One[] = []
  for (const one of all) {
    if (part.push(one) < size) continue
    yield part
    part = []
  }
  if (part.length > 0) yield part
}

/** The environment as records have it. */
function placeIn({ environmentId }: { readonly environmentId: number }): number | null {
  return environmentId === defaultEnvironment.id ? null : environmentId
}

/** An account has one of them. */
const nameless = { id: null, uid: null, name: null, version: null }

function idOf({ id, uid, name }: Pick<Holding, 'id' | 'uid' | 'name'>) {
  return { id, uid, name, version: null }
}

/** Whether the ranges by which machines are found are those that their rows have. */
async function claimFaults(
  store: Vault['store'],
  accountId: number,
  machines: readonly Machine[],
): Promise<readonly string[]> {
  const textOf = (machineId: number, { first, last }: AddressRange) => `${machineId} ${first} ${last}`
  const expected = machines.flatMap((machine) => rangesOf(machine).map((range) => textOf(machine.id, range)))
  const found = (await store.claims(accountId)).map((claim) => textOf(claim.machineId, claim))
  const isSame = JSON.stringify(expected.sort()) === JSON.stringify(found.sort())
  return isSame ? [] : ['The addresses that machines are found by are not those that they have.']
}
