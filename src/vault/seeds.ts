/**
 * Seeds: what a machine fetches at its first boot with a token that works once. Its templates are kept sealed, and
 * nothing is rendered before the machine asks.
 */
import type { AuditObject } from '../audit/record.ts'
import { newUid } from '../crypto/random.ts'
import { generateToken, isToken } from '../crypto/token.ts'
import { Refusal } from '../errors.ts'
import { type ApiKey, keyToAuthenticate, scopesOf } from '../model/api-key.ts'
import { checkLabel } from '../model/name.ts'
import { formatScope } from '../model/scope.ts'
import {
  checkSeedLimits,
  defaultLifetimeSeconds,
  fetched,
  returned,
  type Seed,
  type SeedDocument,
  seedDocuments,
  seedToAuthenticate,
} from '../model/seed.ts'
import { userToAuthenticate } from '../model/user.ts'
import { namesIn, refuseUnresolved, type Template } from '../render/template.ts'
import { inTurns } from '../render/turns.ts'
import { parseUserData, parsingUserData, type UserData } from '../render/user-data.ts'
import { renderRead } from './render.ts'
import { type Asker, ask, type Identity, integrityFailure, outdated, tryAsk, type Vault } from './vault.ts'

const pageSize = 500
const maxTries = 10
/** All documents of a seed together. */
const maxDocumentBytes = 1024 * 1024

export interface SeedInput {
  readonly target: string
  /** Templates: text, or bytes as cloud-init takes them. */
  readonly documents: Readonly<Partial<Record<SeedDocument, string>>>
  /** Without it an hour, or as long as the API key that makes it is good. */
  readonly lifetimeSeconds: number | undefined
  readonly maxFetches: number
}

export interface IssuedSeed {
  readonly seed: Seed
  /** What its URL holds: shown now or never. */
  readonly token: string
}

/**
 * @throws Refusal `invalid`, `too_large`, `forbidden`, `unresolved_references` for what is not there, or not the asker's
 */
export async function createSeed(
  vault: Vault,
  asker: Asker,
  { accountId, key, maker, generation }: Identity,
  input: SeedInput,
): Promise<IssuedSeed> {
  const target = checkLabel(input.target, 'target')
  const lifetimeSeconds = input.lifetimeSeconds ?? defaultLifetimeSeconds
  checkSeedLimits(lifetimeSeconds, input.maxFetches)
  const templates: Template[] = []
  for (const document of seedDocuments) {
    templates.push(...((await readDocument(input.documents, document))?.templates ?? []))
  }
  const bytes = Buffer.from(JSON.stringify(input.documents))
  if (bytes.length > maxDocumentBytes) {
    throw new Refusal('too_large', `The documents of a seed may have ${maxDocumentBytes} bytes together.`)
  }
  if (key === undefined) throw new Refusal('forbidden', 'A seed is made with an API key, or by a user.')
  const token = generateToken()
  const now = vault.now()
  const uid = newUid()
  const seed = authenticated(vault, {
    accountId,
    uid,
    tokenHash: vault.keyring.seedHash(token),
    target,
    sealed: vault.keyring.sealSeed({ accountId, uid, target }, bytes),
    scopes: scopesOf(key)
      .filter(({ right }) => right === 'secrets:read')
      .map(formatScope),
    maker,
    makerGeneration: generation,
    createdAt: now,
    expiresAt: Math.min(
      now + lifetimeSeconds * 1000,
      input.lifetimeSeconds === undefined ? endOf(key) : Number.POSITIVE_INFINITY,
    ),
    maxFetches: input.maxFetches,
    fetches: seedDocuments.map(() => 0),
    usedAt: null,
    returns: 0,
  })
  const made = await tryAsk(vault, asker, { kind: 'create_seed', seed, names: namesIn(templates) })
  if (made === outdated) throw new Refusal('overloaded', 'The API key was replaced meanwhile. Try again.')
  if ('seed' in made) return { seed: made.seed, token }
  const missing = new Set(made.unresolved)
  refuseUnresolved(templates, { has: (name) => !missing.has(name) })
  throw new Error('Every unresolved name is of a template.')
}

/** A session ends, but its user does not. */
function endOf({ userId, expiresAt }: ApiKey): number {
  return userId === null && expiresAt !== null ? expiresAt : Number.POSITIVE_INFINITY
}

/** The seeds that the asker may see, by ascending id. */
export async function listSeeds(
  vault: Vault,
  asker: Asker,
  after: (accountId: number) => number | undefined,
  limit = Number.POSITIVE_INFINITY,
): Promise<{ readonly accountId: number; readonly found: readonly Seed[]; readonly isMore: boolean }> {
  const { accountId, maker, isWhole } = await ask(vault, asker, { kind: 'list_seeds' })
  const isSeen = (seed: Seed) => isWhole || (seed.maker.kind === maker.kind && seed.maker.id === maker.id)
  const found: Seed[] = []
  for (let last: number | undefined = after(accountId) ?? 0; last !== undefined && found.length <= limit; ) {
    const page: readonly Seed[] = await vault.store.seedsAfter(accountId, last, pageSize)
    last = page.length === pageSize ? page.at(-1)?.id : undefined
    found.push(...page.filter(isSeen))
  }
  for (const seed of found) await verify(vault, asker, seed)
  return { accountId, found: found.slice(0, limit), isMore: found.length > limit }
}

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export async function readSeed(vault: Vault, asker: Asker, id: number): Promise<Seed> {
  const seed = await ask(vault, asker, { kind: 'read_seed', id })
  await verify(vault, asker, seed)
  return seed
}

/** Its URL leads nowhere from now on. @throws Refusal `not_found`, `forbidden` */
export async function deleteSeed(vault: Vault, asker: Asker, id: number): Promise<void> {
  await ask(vault, asker, { kind: 'delete_seed', id })
}

export interface Fetched {
  readonly content: Buffer
  /** To be called when the answer reached nobody: the fetch then does not count. */
  readonly giveBack: () => Promise<void>
}

/**
 * Fetches a document with a seed's token. The fetch, every value in it and what the target holds now are in the audit
 * trail before this resolves.
 *
 * @throws Refusal `not_found`, alike for a token that never was and for a seed that is used, expired or revoked;
 *   `unresolved_references`, `unsafe_rendering` when it cannot be rendered: the fetch then does not count
 */
export async function fetchDocument(
  vault: Vault,
  { requestId, address }: Pick<Asker, 'requestId' | 'address'>,
  token: string,
  document: SeedDocument,
): Promise<Fetched> {
  if (!isToken(token)) throw new Refusal('not_found', 'No seed is here.')
  const asker: Asker = { caller: { kind: 'seed', hash: vault.keyring.seedHash(token) }, requestId, address }
  for (let tries = 0; tries < maxTries; tries++) {
    const seed = await prepare(vault, asker, document)
    const data = await openDocument(vault, seed, document)
    const isSecret = data.templates.length > 0
    const { rendered, held } = isSecret
      ? await renderRead(vault, asker, data)
      : { rendered: data.bytes, held: undefined }
    const change = { rowMac: seed.mac, seed: authenticated(vault, fetched(seed, document, vault.now())) }
    if ((await tryAsk(vault, asker, { kind: 'fetch_seed', document, change, held })) !== outdated) {
      return { content: rendered, giveBack: () => giveBack(vault, asker, document) }
    }
  }
  throw new Refusal('overloaded', 'The seed is being fetched by others. Try again.', {
    headers: { 'retry-after': '1' },
  })
}

/** So soon after the fetch that another one of the same document is seldom in between. */
async function giveBack(vault: Vault, asker: Asker, document: SeedDocument): Promise<void> {
  for (let tries = 0; tries < maxTries; tries++) {
    const seed = await prepare(vault, asker, undefined)
    const next = returned(seed, document)
    if (next === undefined) return
    const change = { rowMac: seed.mac, seed: authenticated(vault, next) }
    if ((await tryAsk(vault, asker, { kind: 'return_seed', change })) !== outdated) return
  }
}

/** A seed that may be fetched from, made by somebody who is still there. */
async function prepare(vault: Vault, asker: Asker, document: SeedDocument | undefined): Promise<Seed> {
  const { seed, key, user } = await ask(vault, asker, { kind: 'prepare_seed', document })
  const { keyring } = vault
  if (key !== undefined && !keyring.isRowMac(keyToAuthenticate(key), key.mac)) {
    throw await forged(vault, asker, seed, { kind: 'key', id: key.id, uid: key.uid, name: key.name })
  }
  if (user !== undefined && !keyring.isRowMac(userToAuthenticate(user), user.mac)) {
    throw await forged(vault, asker, seed, { kind: 'user', id: user.id, uid: user.uid, name: user.email })
  }
  return seed
}

/** @throws Refusal `integrity_failure` */
async function openDocument(vault: Vault, seed: Seed, document: SeedDocument): Promise<UserData> {
  const documents = JSON.parse(vault.keyring.openSeed(seed, seed.sealed).toString()) as SeedInput['documents']
  const given = await readDocument(documents, document)
  if (given !== undefined) return given
  // No template: a target's name may look like a reference.
  return document === 'meta-data' ? { ...nothing, bytes: Buffer.from(metaDataOf(seed)) } : nothing
}

/** YAML, of which a JSON text is one: a bare `no` or `1e3` would be no text. */
function metaDataOf({ target }: Seed): string {
  const host = target.replaceAll(/[^A-Za-z0-9.-]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, '')
  return `instance-id: ${JSON.stringify(target)}\nlocal-hostname: ${JSON.stringify(host === '' ? 'machine' : host)}\n`
}

/** @throws Refusal `invalid`, `too_large` */
async function readDocument(documents: SeedInput['documents'], document: SeedDocument): Promise<UserData | undefined> {
  const text = documents[document]
  if (text === undefined) return undefined
  return inTurns(parsingUserData(Buffer.from(text), document.replace('-', '_')))
}

/** What was not given is empty: NoCloud asks for it all the same. */
const nothing = parseUserData(Buffer.alloc(0))

function authenticated<T extends Omit<Seed, 'id' | 'mac'>>(vault: Vault, seed: T): T & { readonly mac: Buffer } {
  return { ...seed, mac: vault.keyring.rowMac(seedToAuthenticate(seed)) }
}

async function verify(vault: Vault, asker: Asker, seed: Seed): Promise<void> {
  if (vault.keyring.isRowMac(seedToAuthenticate(seed), seed.mac)) return
  throw await forged(vault, asker, seed, { kind: 'seed', id: seed.id, uid: seed.uid, name: seed.target })
}

function forged(
  vault: Vault,
  asker: Asker,
  { accountId }: Seed,
  object: Pick<AuditObject, 'kind' | 'id' | 'uid' | 'name'>,
): Promise<Refusal> {
  return integrityFailure(vault, asker, accountId, 'seed.fetch', { ...object, version: null, hash: null })
}
