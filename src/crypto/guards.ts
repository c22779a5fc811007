/**
 * Guards: the part of an account's key that its customer keeps. A guard is 32 random bytes, which a provider of the
 * customer's wraps; under it the account's key is sealed, and what comes of that under the master key. Neither opens it alone.
 *
 * A guard is here for a minute after its provider was asked that then opened it, and no longer.
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { contextOf } from './context.ts'
import type { RootKeyProvider } from './providers/provider.ts'
import { randomBytes } from './random.ts'
import { checkOf, type FormPlace, isChecked, readForms, writeForms } from './root-forms.ts'

/** For so long after its provider was asked, a guard that it opened is used. */
export const guardMs = 60_000
const guardBytes = 32

/** Where a guard belongs. */
export interface GuardPlace {
  readonly storeId: string
  readonly accountId: number
  /** Of the customer's key: another each time that one is set. */
  readonly uid: string
}

interface Guard {
  readonly uid: string
  /** `undefined` where it is closed. */
  readonly key: KeyObject | undefined
  readonly until: number
}

/** The guards of this process, by account. */
export class Guards {
  readonly #byAccount = new Map<number, Guard>()
  readonly #now: () => number
  readonly #forgetKeys: (accountId: number) => void
  #isUsed = false

  /**
   * @param forgetKeys forgets what was unwrapped of an account's keys
   * @param now a clock that nobody sets, in milliseconds
   */
  constructor(forgetKeys: (accountId: number) => void, now: () => number = () => performance.now()) {
    this.#forgetKeys = forgetKeys
    this.#now = now
  }

  /** When a provider is asked, for `open`. */
  now(): number {
    return this.#now()
  }

  /** Whether it is known how this account's key is guarded: by this guard, open or closed, or with an empty uid by none. */
  isKnown(accountId: number, uid: string): boolean {
    return (this.#byAccount.get(accountId)?.uid ?? '') === uid
  }

  /** Whether keys of the account may be used. Those without a guard always may. */
  isOpen(accountId: number): boolean {
    const guard = this.#byAccount.get(accountId)
    return guard === undefined || (guard.key !== undefined && this.#now() < guard.until)
  }

  /** Asked before each use of an account's keys. @throws Refusal `account_key_unavailable` */
  check(accountId: number): void {
    this.#isUsed = true
    if (!this.isOpen(accountId)) throw keyUnavailable()
  }

  /** Whether keys of any account were used since this was asked last. */
  takeUse(): boolean {
    const isUsed = this.#isUsed
    this.#isUsed = false
    return isUsed
  }

  /** @throws Refusal `account_key_unavailable` where it is closed; `overloaded` where another than this is open: it was set meanwhile */
  keyOf(accountId: number, uid: string): KeyObject {
    this.check(accountId)
    const guard = this.#byAccount.get(accountId)
    if (guard?.key === undefined) throw keyUnavailable()
    if (guard.uid !== uid) throw keyChanged()
    return guard.key
  }

  /** @throws Refusal `account_key_unavailable` where it is closed, or there is none */
  currentOf(accountId: number): KeyObject {
    return this.keyOf(accountId, this.#byAccount.get(accountId)?.uid ?? '')
  }

  /** @param askedAt when its provider was asked */
  open(accountId: number, uid: string, bytes: Uint8Array, askedAt: number): void {
    this.#byAccount.set(accountId, { uid, key: createSecretKey(bytes), until: askedAt + guardMs })
  }

  /** What was unwrapped with it goes with it. */
  close(accountId: number, uid: string): void {
    this.#byAccount.set(accountId, { uid, key: undefined, until: 0 })
    this.#forgetKeys(accountId)
  }

  /** The account has none any more. */
  drop(accountId: number): void {
    this.#byAccount.delete(accountId)
  }
}

export function newGuard(): Buffer {
  return randomBytes(guardBytes)
}

/**
 * Has a provider wrap a guard, and tries what it made.
 *
 * @throws ProviderTrouble; Refusal `invalid` when it does not open what it has wrapped
 */
export async function wrapGuard(provider: RootKeyProvider, guard: Uint8Array, place: GuardPlace): Promise<Buffer> {
  const at = formPlaceOf(place)
  const { kind, id } = provider
  const wrapped = await provider.wrap(guard, at.context)
  const again = await provider.unwrap(wrapped, at.context)
  const isSame = again?.equals(guard) === true
  again?.fill(0)
  if (!isSame) throw new Refusal('invalid', 'provider: It does not open what it has wrapped.')
  return writeForms([{ kind, id, wrapped, check: checkOf(guard, at, { kind, id, wrapped }) }])
}

/**
 * @returns the guard, to be wiped; `foreign` where it is not of this provider's key, `wrong` where it opens to something else
 * @throws ProviderTrouble; Refusal `integrity_failure`
 */
export async function unwrapGuard(
  provider: RootKeyProvider,
  form: Uint8Array,
  place: GuardPlace,
): Promise<Buffer | 'foreign' | 'wrong'> {
  const [only, ...more] = readForms(form)
  if (only?.check === undefined || more.length > 0) {
    throw new Refusal('integrity_failure', 'The wrapped guard of an account cannot be read.')
  }
  if (only.kind !== provider.kind) return 'foreign'
  const at = formPlaceOf(place)
  const bytes = await provider.unwrap(only.wrapped, at.context)
  if (bytes === undefined) return 'foreign'
  if (bytes.length === guardBytes && isChecked(bytes, at, only)) return bytes
  bytes.fill(0)
  return 'wrong'
}

function formPlaceOf({ storeId, accountId, uid }: GuardPlace): FormPlace {
  return { storeId, context: contextOf({ purpose: 'customerKey', storeId, accountId, uid, keyVersion: 0 }) }
}

export function keyChanged(): Refusal {
  return new Refusal('overloaded', 'The key of the account was changed meanwhile. Try again.')
}

export function keyUnavailable(): Refusal {
  return new Refusal(
    'account_key_unavailable',
    'The key that this account keeps with its own provider is not available, so its values are not either. An owner sees why in the settings of the account.',
  )
}
