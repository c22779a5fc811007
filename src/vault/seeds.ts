/**
 * Seeds: what a machine fetches at its first boot with a token that gives values once. Its templates are kept sealed, and
 * what is rendered before the machine asks is thrown away. At later boots it is told who it is, and no more.
 */
import type { RecordedCode } from '../audit/record.ts'
import { newUid } from '../crypto/random.ts'
import { generateToken, isToken } from '../crypto/token.ts'
import { type Code, invalid, Refusal } from '../errors.ts'
import { type ApiKey, scopesOf } from '../model/api-key.ts'
import { checkLabel } from '../model/name.ts'
import { formatScope } from '../model/scope.ts'
import {
  checkSeedLimits,
  defaultLifetimeSeconds,
  fetched,
  hasFetchesLeft,
  hasGivenUserData,
  isFetchedAgain,
  isRefetchRecorded,
  mayFetch,
  returned,
  type Seed,
  type SeedDocument,
  seedDocuments,
} from '../model/seed.ts'
import { identifying } from '../render/meta-data.ts'
import { inTurns } from '../render/steps.ts'
import { namesIn, refuseUnresolved } from '../render/template.ts'
import { parseUserData, parsingUserData, renderUserData, type UserData } from '../render/user-data.ts'
import { seedsIn, seedsOf } from '../store/listings.ts'
import { type Found, find, type Wanted } from './pages.ts'
import { renderAll, renderRead } from './render.ts'
import { type Asker, ask, type Identity, outdated, tryAsk, tryAskOnce, type Vault } from './vault.ts'

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
  /** Whether it is refused when it could not be rendered now: a machine that boots cannot tell anybody. */
  readonly isChecked: boolean
}

export interface IssuedSeed {
  readonly seed: Seed
  /** What its URL holds: shown now or never. `undefined` when an earlier request was given it. */
  readonly token: string | undefined
}

/**
 * @throws Refusal `invalid`, `too_large`, `forbidden`, `unresolved_references` for what is not there, or not the asker's;
 *   `unsafe_rendering` when it is checked, and a value would change what a document means
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
  const documents: UserData[] = []
  for (const document of seedDocuments) {
    const data = await readDocument(input.documents, document)
    if (data !== undefined) documents.push(data)
    if (document === 'meta-data' && data !== undefined) await checkIdentity(data)
  }
  const bytes = Buffer.from(JSON.stringify(input.documents))
  if (bytes.length > maxDocumentBytes) {
    throw new Refusal('too_large', `The documents of a seed may have ${maxDocumentBytes} bytes together.`)
  }
  if (key === undefined) throw new Refusal('forbidden', 'A seed is made with an API key, or by a user.')
  const trouble = input.isChecked ? await troubleOf(vault, asker, documents) : undefined
  const token = generateToken()
  const now = vault.now()
  const uid = newUid()
  const seed = {
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
    refetchedAt: null,
  }
  const templates = documents.flatMap((document) => document.templates)
  const asked = { kind: 'create_seed', seed, names: namesIn(templates), fault: trouble?.fault } as const
  const made = await tryAskOnce(vault, asker, asked)
  if (made === outdated) throw new Refusal('overloaded', 'The API key was replaced meanwhile. Try again.')
  const { result, isReplayed } = made
  if ('seed' in result) return { seed: result.seed, token: isReplayed ? undefined : token }
  const missing = new Set(result.unresolved)
  refuseUnresolved(templates, { has: (name) => !missing.has(name) })
  throw trouble?.refusal ?? new Error('Every unresolved name is of a template.')
}

/**
 * Renders what a machine would get now, with the rights of the asker, which the seed has too, and keeps nothing of it. The
 * values count as read: whether they can be put in says something of them.
 *
 * @returns why it cannot be rendered
 */
async function troubleOf(vault: Vault, asker: Asker, documents: readonly UserData[]): Promise<Trouble | undefined> {
  const rendered = documents.filter(({ templates }) => templates.length > 0)
  if (rendered.length === 0) return undefined
  try {
    await renderAll(vault, asker, rendered)
    return undefined
  } catch (error) {
    const fault = error instanceof Refusal ? faults[error.code] : undefined
    if (!(error instanceof Refusal) || fault === undefined) throw error
    return { refusal: error, fault }
  }
}

interface Trouble {
  readonly refusal: Refusal
  readonly fault: RecordedCode
}

/** What is wrong with the seed or its maker, as the record of the seed that was not made has it. */
const faults: { readonly [code in Code]?: RecordedCode } = {
  unresolved_references: 'unresolved_references',
  unsafe_rendering: 'unsafe_rendering',
  too_large: 'invalid',
  invalid: 'invalid',
  forbidden: 'forbidden',
  confirmation_required: 'confirmation_required',
}

/** A session ends, but its user does not. */
function endOf({ userId, expiresAt }: ApiKey): number {
  return userId === null && expiresAt !== null ? expiresAt : Number.POSITIVE_INFINITY
}

/** The seeds that the asker may see, by ascending id. */
export async function listSeeds(
  vault: Vault,
  asker: Asker,
  wanted: Wanted,
  { isDown }: { readonly isDown: boolean },
): Promise<Found<Seed>> {
  const { accountId, environment, maker, isWhole } = await ask(vault, asker, { kind: 'list_seeds' })
  const isOwn = (seed: Seed) => isWhole || (seed.maker.kind === maker.kind && seed.maker.id === maker.id)
  const isSeen = (seed: Seed) => seed.environmentId === environment.id && isOwn(seed)
  const rows = isWhole ? seedsIn(environment.id, isDown) : seedsOf(environment.id, maker, isDown)
  return find(vault, asker, accountId, { table: 'seeds', action: 'seed.list', rows, isSeen }, wanted)
}

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export function readSeed(vault: Vault, asker: Asker, id: number): Promise<Seed> {
  return ask(vault, asker, { kind: 'read_seed', id })
}

/** Its URL leads nowhere from now on. @throws Refusal `not_found`, `forbidden` */
export async function deleteSeed(vault: Vault, asker: Asker, id: number): Promise<void> {
  await ask(vault, asker, { kind: 'delete_seed', id })
}

export interface Fetched {
  readonly content: Buffer
  /** Whether it is what the seed was made to give, and not only who its machine is. */
  readonly isWhole: boolean
  /** To be called when the answer reached nobody: the fetch then does not count. */
  readonly giveBack: () => Promise<void>
}

/**
 * Fetches a document with a seed's token. The fetch, every value in it and what the target holds now are in the audit
 * trail before this resolves. When a machine has booted with the seed and it gives no more, it says which machine that
 * was, so that it takes itself for the same at each boot.
 *
 * @throws Refusal `not_found`, alike for a token that never was and for a seed that has expired unused or was revoked;
 *   `unresolved_references`, `unsafe_rendering` when it cannot be rendered: the fetch then does not count
 */
export async function fetchDocument(
  vault: Vault,
  { requestId, address }: Pick<Asker, 'requestId' | 'address'>,
  token: string,
  document: SeedDocument,
): Promise<Fetched> {
  const asker = { ...withToken(vault, token), requestId, address }
  for (let tries = 0; tries < maxTries; tries++) {
    const prepared = await prepare(vault, asker, document)
    const given = prepared.isSpent
      ? await refetch(vault, asker, document, prepared)
      : await giveWhole(vault, asker, document, prepared.seed)
    if (given !== outdated) return given
  }
  throw new Refusal('overloaded', 'The seed is being fetched by others. Try again.', {
    headers: { 'retry-after': '1' },
  })
}

/**
 * Whether a document would be answered now. Nothing is read for it, so that whoever only looks uses nothing up, however
 * often.
 *
 * @throws Refusal `not_found` as `fetchDocument`
 */
export async function lookAtDocument(
  vault: Vault,
  { requestId, address }: Pick<Asker, 'requestId' | 'address'>,
  token: string,
  document: SeedDocument,
): Promise<void> {
  await prepare(vault, { ...withToken(vault, token), requestId, address }, document)
}

/** @throws Refusal `not_found` */
function withToken({ keyring }: Vault, token: string): Pick<Asker, 'caller'> {
  if (!isToken(token)) throw new Refusal('not_found', 'No seed is here.')
  return { caller: { kind: 'seed', hash: keyring.seedHash(token) } }
}

type Given = Fetched | typeof outdated

async function giveWhole(vault: Vault, asker: Asker, document: SeedDocument, seed: Seed): Promise<Given> {
  const data = await openDocument(vault, seed, document)
  const isSecret = data.templates.length > 0
  const spent = { seed, isOver: false }
  if (!hasFetchesLeft(seed, document, isSecret)) return refetch(vault, asker, document, spent)
  if (isFetchedAgain(seed, document, isSecret)) {
    return noteRefetch(vault, asker, document, seed, { content: data.bytes, isWhole: true, giveBack: async () => {} })
  }
  try {
    const { rendered, held } = isSecret
      ? await renderRead(vault, asker, data)
      : { rendered: data.bytes, held: undefined }
    const change = { rowMac: seed.mac, seed: fetched(seed, document, vault.now()) }
    const outcome = await tryAsk(vault, asker, { kind: 'fetch_seed', document, change, held })
    if (outcome === outdated) return outdated
    return { content: rendered, isWhole: true, giveBack: () => giveBack(vault, asker, document) }
  } catch (error) {
    if (!isLostToBoot(error, seed, document)) throw error
    return refetch(vault, asker, document, spent)
  }
}

/** Without these two a machine that has booted before would not again; what it lacks now is in the trail. */
function isLostToBoot(error: unknown, seed: Seed, document: SeedDocument): boolean {
  const isNeeded = document === 'user-data' || document === 'meta-data'
  return error instanceof Refusal && unrendered.has(error.code) && isNeeded && hasGivenUserData(seed)
}

const unrendered: ReadonlySet<string> = new Set([
  'unresolved_references',
  'unsafe_rendering',
  'forbidden',
  'too_large',
  'account_key_unavailable',
])

/**
 * What a machine gets at later boots. Its modules of every boot run with this user-data, and what the first boot set up
 * is to stay: a name that user-data gave, for one, and not what meta-data say.
 */
const laterUserData = `#cloud-config
# The seed of this machine has given its user-data, which it does as often as it was made for, and no more.
preserve_hostname: true
manage_etc_hosts: false
`

async function refetch(
  vault: Vault,
  asker: Asker,
  document: SeedDocument,
  { seed, isOver }: { readonly seed: Seed; readonly isOver: boolean },
): Promise<Given> {
  const sealed = openSealed(vault, seed)
  const remains = sealed.remains ?? (await remainsOf(seed, sealed))
  const isKept = !isOver || sealed.remains !== undefined
  const next = isKept ? seed.sealed : vault.keyring.sealSeed(seed, Buffer.from(JSON.stringify({ remains })))
  const text = document === 'user-data' ? laterUserData : remains[document]
  const given = { content: Buffer.from(text ?? ''), isWhole: false, giveBack: async () => {} }
  return noteRefetch(vault, asker, document, { ...seed, sealed: next }, given)
}

/** Recorded once an hour: whoever is on the machine can ask, and learns what is known there. */
async function noteRefetch(
  vault: Vault,
  asker: Asker,
  document: SeedDocument,
  seed: Seed,
  given: Fetched,
): Promise<Given> {
  const now = vault.now()
  if (isRefetchRecorded(seed, now)) return given
  const change = { rowMac: seed.mac, seed: { ...seed, refetchedAt: now } }
  return (await tryAsk(vault, asker, { kind: 'refetch_seed', document, change })) === outdated ? outdated : given
}

/** Without a value: who the machine is, and its network, as cloud-init may set that up anew at each boot. */
async function remainsOf(seed: Seed, documents: Documents): Promise<Documents> {
  const metaData = await readDocument(documents, 'meta-data')
  const network = await readDocument(documents, 'network-config')
  const isOpen = network !== undefined && namesIn(network.templates).length === 0
  return {
    'meta-data': metaData === undefined ? metaDataOf(seed) : (await inTurns(identifying(metaData))).text,
    ...(isOpen ? { 'network-config': renderUserData(network, new Map()).toString() } : {}),
  }
}

/** @throws Refusal `invalid` for an `instance-id` that could not be told again without a value */
async function checkIdentity(metaData: UserData): Promise<void> {
  const { isWhole } = await inTurns(identifying(metaData))
  if (isWhole) return
  throw invalid(
    'meta_data',
    'Must be YAML whose instance-id is a text without a reference: it is told again at each boot, and many may read it on the machine.',
  )
}

/** So soon after the fetch that another one of the same document is seldom in between. */
async function giveBack(vault: Vault, asker: Asker, document: SeedDocument): Promise<void> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { seed, isSpent } = await prepare(vault, asker, undefined)
    const next = isSpent ? undefined : returned(seed, document, vault.now())
    if (next === undefined) return
    const change = { rowMac: seed.mac, seed: next }
    if ((await tryAsk(vault, asker, { kind: 'return_seed', change })) !== outdated) return
  }
}

/** The names of which a seed still gives out values: those in its documents that may be fetched yet. */
export async function namesGivenBy(vault: Vault, seed: Seed): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  const open = seedDocuments.filter((document) => mayFetch(seed, document, true, vault.now()))
  if (open.length === 0) return names
  const sealed = openSealed(vault, seed)
  for (const document of open) {
    const data = await readDocument(sealed, document)
    for (const name of namesIn(data?.templates ?? [])) names.add(name)
  }
  return names
}

/** A seed that may be fetched from, made by somebody who is still there; or one that only says whose it was. */
function prepare(vault: Vault, asker: Asker, document: SeedDocument | undefined): Promise<Prepared> {
  return ask(vault, asker, { kind: 'prepare_seed', document })
}

type Prepared =
  | { readonly seed: Seed; readonly isSpent: false }
  | { readonly seed: Seed; readonly isSpent: true; readonly isOver: boolean }

type Documents = SeedInput['documents']

/** The templates; or, once none may ever be fetched again, what is still told, as it is. */
type Sealed = Documents & { readonly remains?: Documents }

/** @throws Refusal `integrity_failure` */
function openSealed(vault: Vault, seed: Seed): Sealed {
  return JSON.parse(vault.keyring.openSeed(seed, seed.sealed).toString()) as Sealed
}

/** @throws Refusal `integrity_failure` */
async function openDocument(vault: Vault, seed: Seed, document: SeedDocument): Promise<UserData> {
  const given = await readDocument(openSealed(vault, seed), document)
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
