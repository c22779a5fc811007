/**
 * A store's master key, in versions: each wrapped under the root keys. The newest wraps the accounts' keys; from the first
 * comes what is derived (row MACs, look-up hashes, the key of checkpoints), so that it stays with the store.
 */

import { createSecretKey } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { open, seal } from './aead.ts'
import { contextOf, type SealContext } from './context.ts'
import { ProviderTrouble, type RootKeyProvider, type TroubleReason } from './providers/provider.ts'
import { randomBytes } from './random.ts'
import { checkOf, type FormPlace, isChecked, maxForms, type RootForm, readForms, writeForms } from './root-forms.ts'

/** The version that everything derived comes from. */
export const firstMasterKey = 1
const keyBytes = 32
const canaryText = 'strongroom canary'

export interface SealedMasterKey {
  readonly version: number
  /** Its forms, one for each root key that opens it. */
  readonly wrapped: Uint8Array
  /** Of a store of before, while its root key was being replaced: the same under the next one. */
  readonly next: Uint8Array | undefined
}

/** What a store keeps of its keyring: nothing of it opens without a root key. */
export interface SealedKeyring {
  /** Hexadecimal, 16 bytes; random, made with the store. */
  readonly storeId: string
  /** Oldest first; never empty. */
  readonly masterKeys: readonly SealedMasterKey[]
  readonly canary: Uint8Array
}

type Roots = readonly RootKeyProvider[]

/**
 * Makes the keys of a new store, which each of the root keys opens.
 *
 * @throws Refusal `sealed` when one of them cannot be used now
 */
export async function createKeyring(roots: Roots): Promise<SealedKeyring> {
  const storeId = randomBytes(16).toString('hex')
  const master = randomBytes(keyBytes)
  try {
    const wrapped = await wrapUnder(roots, master, placeOf(storeId, firstMasterKey))
    const key = createSecretKey(master)
    const canary = seal(key, Buffer.from(canaryText), contextOf(canaryPlace(storeId)), firstMasterKey)
    return { storeId, masterKeys: [{ version: firstMasterKey, wrapped, next: undefined }], canary }
  } finally {
    master.fill(0)
  }
}

/**
 * Makes another version of the master key, which each of the root keys opens that open the newest one.
 *
 * @throws Refusal `invalid` when one that opens the newest is not among `roots`, `sealed` when one cannot be used now
 */
export async function newMasterKey(roots: Roots, sealed: SealedKeyring, version: number): Promise<SealedMasterKey> {
  const strange = strangeForms(roots, sealed)
  if (strange.length > 0) {
    const names = strange.map(nameOf).join(', ')
    throw new Refusal(
      'invalid',
      `The settings do not name every root key that opens this store. Name these too (STRONGROOM_ROOT_KEY_URLS), or leave them out first ("strongroom rewrap --finish"): ${names}.`,
    )
  }
  const bytes = randomBytes(keyBytes)
  try {
    return { version, wrapped: await wrapUnder(roots, bytes, placeOf(sealed.storeId, version)), next: undefined }
  } finally {
    bytes.fill(0)
  }
}

/** Forms of the newest version that none of the root keys made. In a store of before that is not known. */
function strangeForms(roots: Roots, { masterKeys }: SealedKeyring): readonly RootForm[] {
  const newest = masterKeys.at(-1)
  const forms = newest === undefined ? [] : formsOf(newest)
  return forms.filter((form) => form.id !== '' && !roots.some((root) => isFormOf(root, form)))
}

/**
 * Lets another root key open every version as well, and makes sure that it does.
 *
 * @throws Refusal `integrity_failure` when `roots` are not this store's, `sealed` when one cannot be used now
 */
export async function addRootKey(
  roots: Roots,
  sealed: SealedKeyring,
  next: RootKeyProvider,
): Promise<readonly SealedMasterKey[]> {
  const opened = await openMasters(roots, sealed)
  try {
    const masterKeys = await Promise.all(
      opened.map(async ({ version, bytes }) => {
        const place = placeOf(sealed.storeId, version)
        const kept = await namedForms(roots, sealed, version)
        const others = kept.filter((form) => !isFormOf(next, form))
        if (others.length >= maxForms) {
          throw new Refusal('invalid', `At most ${maxForms} root keys open a store. Remove one first.`)
        }
        const forms = [...others.map((form) => checked(form, bytes, place)), await formUnder(next, bytes, place)]
        return { version, wrapped: writeForms(forms), next: undefined }
      }),
    )
    wipe(await openMasters([next], { ...sealed, masterKeys }))
    return masterKeys
  } finally {
    wipe(opened)
  }
}

/**
 * Leaves the forms that the root keys open, each of which must open all.
 *
 * @throws Refusal `integrity_failure` when one of them does not, `sealed` when one cannot be used now
 */
export async function keepRootKeys(roots: Roots, sealed: SealedKeyring): Promise<readonly SealedMasterKey[]> {
  for (const root of roots) {
    wipe(await openMasters([root], sealed))
    const { kind, id, newestId = id } = root
    if (newestId === id) continue
    throw new Refusal(
      'invalid',
      `${nameOf(root)} opens the store, and ${nameOf({ kind, id: newestId })} is newer. Give what opens that one, or take it away first: "strongroom rewrap --remove ${nameOf({ kind, id: newestId })}".`,
    )
  }
  return leave(roots, sealed, (form) => roots.some((root) => isFormOf(root, form)))
}

/**
 * Takes the forms of one root key away; those that are left must be opened by `roots`.
 *
 * @param name kind and id, as `nameOf` gives them
 * @throws Refusal `not_found` when none is of that name, others when nothing would open the store
 */
export async function removeRootKey(
  roots: Roots,
  sealed: SealedKeyring,
  name: string,
): Promise<readonly SealedMasterKey[]> {
  const named = await Promise.all(sealed.masterKeys.map(({ version }) => namedForms(roots, sealed, version)))
  if (!named.flat().some((form) => nameOf(form) === name)) {
    throw new Refusal('not_found', 'No root key of this name opens the store. "strongroom root-key check" names them.')
  }
  return leave(roots, sealed, (form) => nameOf(form) !== name)
}

async function leave(
  roots: Roots,
  sealed: SealedKeyring,
  isKept: (form: RootForm) => boolean,
): Promise<readonly SealedMasterKey[]> {
  const opened = await openMasters(roots, sealed)
  try {
    const masterKeys = await Promise.all(
      opened.map(async ({ version, bytes }) => {
        const place = placeOf(sealed.storeId, version)
        const kept = (await namedForms(roots, sealed, version)).filter(isKept)
        if (kept.length === 0)
          throw new Refusal('invalid', 'This is the only root key that opens the store. Add another one first.')
        return { version, wrapped: writeForms(kept.map((form) => checked(form, bytes, place))), next: undefined }
      }),
    )
    wipe(await openMasters(roots, { ...sealed, masterKeys }))
    return masterKeys
  } finally {
    wipe(opened)
  }
}

/** How a form, and the root key that it is under, is called where it is kept. */
export function nameOf({ kind, id }: { readonly kind: string; readonly id: string }): string {
  return `${kind}:${id === '' ? 'unknown' : id}`
}

/** What opens a store, newest version of its master key, by name. */
export function rootKeyNames(wrapped: Uint8Array, next?: Uint8Array): readonly string[] {
  return formsOf({ wrapped, next }).map(nameOf)
}

/** A version of the master key in the clear. To be wiped. */
export interface OpenMaster {
  readonly version: number
  readonly bytes: Buffer
}

/**
 * Every version, oldest first, each as the root key opened it that was first to do so; the first is proven by the canary.
 *
 * @throws Refusal `integrity_failure` when none opens it, `sealed` when that may be over later
 */
export async function openMasters(roots: Roots, sealed: SealedKeyring): Promise<readonly OpenMaster[]> {
  try {
    return await openAll(roots, sealed)
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'sealed') || !(await askAny(roots))) throw error
    return openAll(roots, sealed)
  }
}

/** Asks people, of whom there may be none, and who are asked only when nothing else opens. */
async function askAny(roots: Roots): Promise<boolean> {
  for (const root of roots) if ((await root.ask?.()) === true) return true
  return false
}

async function openAll(roots: Roots, sealed: SealedKeyring): Promise<readonly OpenMaster[]> {
  const settled = await Promise.allSettled(
    sealed.masterKeys.map(async (key) => ({ version: key.version, bytes: await openByAny(roots, sealed, key) })),
  )
  const opened = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = settled.find((one) => one.status === 'rejected')
  const [first] = opened
  if (failed === undefined && first?.version === firstMasterKey && isProven(first.bytes, sealed)) return opened
  wipe(opened)
  throw failed?.reason ?? wrongRootKey()
}

/** How a root key stands to a store: whether it opens it, has no form in it, or why it does not. */
export type RootState = 'opens' | 'unused' | 'foreign' | 'wrong' | TroubleReason

export interface RootFinding {
  /** What the settings call it. */
  readonly shown: string
  /** Kind and id, as its forms say. */
  readonly name: string
  readonly state: RootState
  /** A sentence; empty when it opens. */
  readonly detail: string
  readonly ms: number
}

/**
 * Asks a root key to open every version, whatever others do. Nothing of what it opens is kept.
 *
 * @param mayAsk whether people who have it are asked, where there are any
 */
export async function findRootKey(root: RootKeyProvider, sealed: SealedKeyring, mayAsk = false): Promise<RootFinding> {
  const began = performance.now()
  const tries = await Promise.all(sealed.masterKeys.map((key) => tryRoot(root, sealed, key)))
  const ms = performance.now() - began
  const failed = tries.find((one): one is Failed => 'state' in one)
  if (mayAsk && failed?.state === 'locked' && (await root.ask?.()) === true) return findRootKey(root, sealed)
  for (const one of tries) if ('bytes' in one) one.bytes.fill(0)
  const { state, detail } = failed ?? { state: 'opens' as const, detail: '' }
  return { shown: root.shown, name: nameOf(root), state, detail, ms }
}

interface Failed {
  readonly state: Exclude<RootState, 'opens'>
  readonly detail: string
}

/** All at once: one that hangs holds nobody up. What comes after the first is wiped. */
async function openByAny(roots: Roots, sealed: SealedKeyring, key: SealedMasterKey): Promise<Buffer> {
  let isOpen = false
  const failures: (Failed & { readonly shown: string })[] = []
  const tries = roots.map(async (root) => {
    const tried = await tryRoot(root, sealed, key)
    if ('state' in tried) {
      failures.push({ ...tried, shown: root.shown })
      throw new NotOpened()
    }
    if (isOpen) tried.bytes.fill(0)
    isOpen = true
    return tried.bytes
  })
  try {
    return await Promise.any(tries)
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error
    // What is no answer of a provider: forms that cannot be read, or a fault of ours.
    const fault: unknown = error.errors.find((one) => !(one instanceof NotOpened))
    throw fault ?? refusalOf(failures, key)
  }
}

/** One provider of several, which the others make good. */
class NotOpened extends Error {
  override readonly name = 'NotOpened'
}

function refusalOf(failures: readonly (Failed & { readonly shown: string })[], key: SealedMasterKey): Refusal {
  const passing = failures.some(({ state }) => state === 'away' || state === 'denied' || state === 'locked')
  const told = failures.filter(({ state }) => state !== 'foreign').map(({ shown, detail }) => `${shown}: ${detail}`)
  if (passing) return new Refusal('sealed', `No root key can be used now. ${told.join(' ')}`)
  const names = formsOf(key).flatMap((form) => (form.id === '' ? [] : [nameOf(form)]))
  return wrongRootKey([...told, ...(names.length === 0 ? [] : [`What opens it: ${names.join(', ')}.`])])
}

async function tryRoot(
  root: RootKeyProvider,
  { storeId }: SealedKeyring,
  key: SealedMasterKey,
): Promise<Failed | { readonly bytes: Buffer }> {
  const own = formsOf(key).filter(({ kind }) => kind === root.kind)
  if (own.length === 0) return { state: 'unused', detail: 'It does not wrap the master key of this store.' }
  const place = placeOf(storeId, key.version)
  let failed: Failed = { state: 'foreign', detail: 'It does not open this store.' }
  try {
    // First the one that it made; an address may have changed, and the key behind it not.
    for (const form of own.toSorted((one, other) => Number(isFormOf(root, other)) - Number(isFormOf(root, one)))) {
      const bytes = await root.unwrap(form.wrapped, place.context).catch((error: unknown) => {
        // People may have what opens another one.
        if (!isLocked(error)) throw error
        failed = { state: error.reason, detail: error.message }
        return undefined
      })
      if (bytes === undefined) continue
      if (bytes.length === keyBytes && isChecked(bytes, place, form)) return { bytes }
      bytes.fill(0)
      failed = { state: 'wrong', detail: 'It opens to something else than was wrapped: do not trust it.' }
    }
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error
    return { state: error.reason, detail: error.message }
  }
  return failed
}

/** The forms of a version, with the ids of those of before whose root keys are here. */
async function namedForms(roots: Roots, sealed: SealedKeyring, version: number): Promise<readonly RootForm[]> {
  const key = sealed.masterKeys.find((one) => one.version === version)
  if (key === undefined) throw new Error('Only versions of this keyring have been opened.')
  const { context } = placeOf(sealed.storeId, version)
  return Promise.all(
    formsOf(key).map(async (form) => {
      if (form.id !== '') return form
      for (const root of roots.filter(({ kind }) => kind === form.kind)) {
        const bytes = await root.unwrap(form.wrapped, context)
        bytes?.fill(0)
        if (bytes !== undefined) return { ...form, id: root.id }
      }
      return form
    }),
  )
}

function formsOf({ wrapped, next }: Pick<SealedMasterKey, 'wrapped' | 'next'>): readonly RootForm[] {
  return [...(next === undefined ? [] : readForms(next)), ...readForms(wrapped)]
}

function isFormOf({ kind, id }: RootKeyProvider, form: RootForm): boolean {
  return kind === form.kind && id === form.id
}

/** @throws Refusal `sealed` when a root key cannot be used now */
async function wrapUnder(roots: Roots, bytes: Uint8Array, place: FormPlace): Promise<Buffer> {
  return writeForms(await Promise.all(roots.map((root) => formUnder(root, bytes, place))))
}

/** What a provider wraps is tried before it is believed. */
async function formUnder(root: RootKeyProvider, bytes: Uint8Array, place: FormPlace) {
  try {
    const wrapped = await root.wrap(bytes, place.context).catch(async (error: unknown) => {
      if (!isLocked(error) || (await root.ask?.()) !== true) throw error
      return root.wrap(bytes, place.context)
    })
    const { kind, id } = root
    const again = await root.unwrap(wrapped, place.context)
    const isSame = again?.equals(bytes) === true
    again?.fill(0)
    if (isSame) return checked({ kind, id, wrapped, check: undefined }, bytes, place)
  } catch (error) {
    if (!(error instanceof ProviderTrouble)) throw error
    throw new Refusal('sealed', `${root.shown} cannot be used now. ${error.message}`, { cause: error })
  }
  throw new Refusal('integrity_failure', `${root.shown} does not open what it has wrapped: do not use it.`)
}

function isLocked(error: unknown): error is ProviderTrouble {
  return error instanceof ProviderTrouble && error.reason === 'locked'
}

function checked(form: RootForm, bytes: Uint8Array, place: FormPlace) {
  const { kind, id, wrapped } = form
  return { kind, id, wrapped, check: checkOf(bytes, place, form) }
}

function wipe(opened: readonly OpenMaster[]): void {
  for (const { bytes } of opened) bytes.fill(0)
}

function isProven(bytes: Buffer, { storeId, canary: sealed }: SealedKeyring): boolean {
  try {
    const canary = open(createSecretKey(bytes), sealed, contextOf(canaryPlace(storeId)), firstMasterKey)
    return canary.toString() === canaryText
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return false
  }
}

function wrongRootKey(told: readonly string[] = []): Refusal {
  const what =
    'The root key does not open this store. Set STRONGROOM_ROOT_KEY, STRONGROOM_ROOT_KEY_FILE or STRONGROOM_ROOT_KEY_URLS to a key of the store.'
  return new Refusal('integrity_failure', [what, ...told].join(' '))
}

function placeOf(storeId: string, version: number): FormPlace {
  return { storeId, context: contextOf({ purpose: 'masterKey', storeId, version, keyVersion: 0 }) }
}

function canaryPlace(storeId: string): SealContext {
  return { purpose: 'canary', storeId, keyVersion: firstMasterKey }
}
