/**
 * Watches the providers that accounts keep their keys with. While one opens its guard, the account's values open; when it
 * refuses they no longer do, from then on; when it cannot be reached, after a minute. Each account by itself: none waits for another.
 */
import { type GuardPlace, unwrapGuard } from '../crypto/guards.ts'
import type { Keyring } from '../crypto/keyring.ts'
import { type Credentials, customerKey, type Door } from '../crypto/providers/customer.ts'
import { Patience } from '../crypto/providers/patience.ts'
import { type CustomerSource, ProviderTrouble, type RootKeyProvider } from '../crypto/providers/provider.ts'
import { parseCustomerKeyUrl } from '../crypto/providers/urls.ts'
import { Refusal } from '../errors.ts'
import type { ClosedReason, CustomerKey } from '../model/customer-key.ts'
import { rowText } from '../store/coverage.ts'
import type { Store } from '../store/store.ts'

/** How often it is looked whether a provider is to be asked. */
export const lookMs = 10_000
/** One that answered is asked again after this, with what a look may be late by within half a minute. */
const againMs = 25_000
const maxRecorded = 1000

interface Needed {
  readonly store: Pick<Store, 'customerKey' | 'customerKeys'>
  readonly keyring: Keyring
  /** Through which providers are asked. */
  readonly door: Door
  readonly events: {
    /** Records that a key went or came back, once for all nodes. */
    readonly note: (accountId: number, uid: string, closedFor: ClosedReason | null) => Promise<void>
    /** Told that an account's key is another row now; of all accounts, that it may be. */
    readonly onChange: (accountId: number | undefined) => void
  }
  /** Makes a provider ready, for tests; without it `customerKey`. */
  readonly makeProvider?: typeof customerKey
}

/** What this node found of an account's key. */
export interface CustomerKeyState {
  readonly accountId: number
  readonly closedFor: ClosedReason | null
}

interface Entry {
  row: CustomerKey
  provider: RootKeyProvider | undefined
  /** When it was asked last, by the clock of the guards, and what came of it. */
  askedAt: number
  found: ClosedReason | 'open' | undefined
  /** What the store was told. */
  told: ClosedReason | null | undefined
  asking: Promise<void> | undefined
}

export class CustomerGuards {
  /** How long providers are waited for, from when it is called. */
  patience = () => new Patience()
  readonly #needed: Needed
  readonly #entries = new Map<number, Entry>()
  readonly #recorded = new Map<string, Promise<void>>()
  /** Counts what is known of rows, in the order in which the store was asked; and by account, the newest. */
  #turns = 0
  readonly #newest = new Map<number, number>()

  constructor(needed: Needed) {
    this.#needed = needed
  }

  /** Accounts with a key of their own, as this node finds them. */
  states(): readonly CustomerKeyState[] {
    return [...this.#entries.values()].flatMap(({ row, found }) => {
      if (found === undefined) return []
      const isOpen = this.#needed.keyring.guards.isOpen(row.accountId)
      return [{ accountId: row.accountId, closedFor: isOpen ? null : found === 'open' ? 'away' : found }]
    })
  }

  /**
   * Looks again, while there is anything that a key of a customer's would close: one that is known, or what was unwrapped of
   * accounts that had none. What nobody has used since the last time is forgotten, and what it was unwrapped from has to be read
   * anew, which tells how it is guarded then: so a server that nobody asks for values asks for nothing itself.
   */
  async lookAgain(): Promise<void> {
    const { keyring, events } = this.#needed
    const isUsed = keyring.guards.takeUse()
    if (this.#entries.size > 0 || isUsed) return this.look()
    keyring.forgetUnwrapped()
    events.onChange(undefined)
  }

  /**
   * Asks each provider that has not been asked for a while.
   *
   * @param olderMs those that were asked longer ago than this; left out, as often as is due
   */
  async look(olderMs?: number): Promise<void> {
    const turn = ++this.#turns
    const rows = await this.#needed.store.customerKeys()
    const ids = new Set(rows.map(({ accountId }) => accountId))
    for (const accountId of this.#entries.keys()) if (!ids.has(accountId)) this.#drop(accountId, turn)
    const { guards } = this.#needed.keyring
    await Promise.all(
      rows.map(async (row) => {
        const entry = this.#take(row, turn)
        if (entry === undefined) return
        const isDue = guards.now() - entry.askedAt >= (olderMs ?? (entry.found === 'away' ? 0 : againMs))
        // Or it was away for so long that it is closed, and nobody was told.
        if (isDue || (entry.told === null && !guards.isOpen(row.accountId))) await this.#ask(entry)
      }),
    )
  }

  /** Finds out how an account's key is guarded now, and asks for the guard where it was not asked yet. */
  async learn(accountId: number): Promise<void> {
    const turn = ++this.#turns
    const row = await this.#needed.store.customerKey(accountId)
    const taken = row === undefined ? this.#drop(accountId, turn) : this.#take(row, turn)
    // Of what was read since, the answer is waited for as well.
    const entry = taken ?? this.#entries.get(accountId)
    if (entry !== undefined && !this.#needed.keyring.guards.isKnown(accountId, entry.row.uid)) await this.#ask(entry)
  }

  /** Makes the provider of a key ready. @throws Refusal `invalid` */
  makeProvider(source: CustomerSource, credentials: Credentials): Promise<RootKeyProvider> {
    const { makeProvider = customerKey, door } = this.#needed
    return makeProvider(source, credentials, door)
  }

  /** Takes a key that was just set, which its provider has opened. */
  adopt(row: CustomerKey, provider: RootKeyProvider, guard: Uint8Array, askedAt: number): void {
    const { accountId, uid } = row
    this.#newest.set(accountId, ++this.#turns)
    this.#entries.set(accountId, { row, provider, askedAt, found: 'open', told: null, asking: undefined })
    this.#needed.keyring.guards.open(accountId, uid, guard, askedAt)
    this.#needed.events.onChange(accountId)
  }

  /** Does something once for a request, which may meet many values at once. Resolves when it is done, for each. */
  recordOnce(requestId: string, record: () => Promise<void>): Promise<void> {
    const begun = this.#recorded.get(requestId) ?? record()
    if (this.#recorded.size >= maxRecorded) this.#recorded.clear()
    this.#recorded.set(requestId, begun)
    return begun
  }

  /** What the provider of a key is shown. @throws Refusal `integrity_failure` */
  credentialsOf({ accountId, uid, credentials }: CustomerKey): Credentials {
    const bytes = this.#needed.keyring.openCredentials(accountId, uid, credentials)
    try {
      // The border where what was sealed by the server gets its type.
      return JSON.parse(bytes.toString()) as Credentials
    } finally {
      bytes.fill(0)
    }
  }

  #drop(accountId: number, turn: number): undefined {
    if (!this.#isNewest(accountId, turn)) return
    if (!this.#entries.delete(accountId) && this.#needed.keyring.guards.isKnown(accountId, '')) return
    this.#needed.keyring.guards.drop(accountId)
    this.#needed.events.onChange(accountId)
  }

  /** @returns nothing for a row that was read before what is known of it since */
  #take(row: CustomerKey, turn: number): Entry | undefined {
    if (!this.#isNewest(row.accountId, turn)) return undefined
    const known = this.#entries.get(row.accountId)
    if (known?.row.uid === row.uid) {
      known.row = row
      return known
    }
    const entry: Entry = {
      ...{ row, provider: undefined, askedAt: Number.NEGATIVE_INFINITY },
      ...{ found: undefined, told: undefined, asking: undefined },
    }
    this.#entries.set(row.accountId, entry)
    this.#needed.events.onChange(row.accountId)
    return entry
  }

  /** A row may have been set, or another been read, between the store's answer and now. */
  #isNewest(accountId: number, turn: number): boolean {
    if (turn < (this.#newest.get(accountId) ?? 0)) return false
    this.#newest.set(accountId, turn)
    return true
  }

  /** One question at a time. */
  #ask(entry: Entry): Promise<void> {
    entry.asking ??= this.#askNow(entry).finally(() => {
      entry.asking = undefined
    })
    return entry.asking
  }

  async #askNow(entry: Entry): Promise<void> {
    const { guards } = this.#needed.keyring
    const { accountId, uid } = entry.row
    entry.askedAt = guards.now()
    const found = await this.#unwrap(entry)
    const isStill = this.#entries.get(accountId) === entry
    if (typeof found === 'string') entry.found = found
    else {
      if (isStill) guards.open(accountId, uid, found, entry.askedAt)
      found.fill(0)
      entry.found = 'open'
    }
    if (!isStill) return
    // What cannot be reached for a moment goes on as long as the guard does.
    if (entry.found === 'away' && guards.isKnown(accountId, uid) && guards.isOpen(accountId)) return
    if (entry.found !== 'open') guards.close(accountId, uid)
    await this.#tell(entry, entry.found === 'open' ? null : entry.found)
  }

  async #unwrap(entry: Entry): Promise<Buffer | ClosedReason> {
    const { keyring } = this.#needed
    const { row } = entry
    if (!keyring.isRowMac(rowText('customer_keys', row), row.mac)) return 'wrong'
    try {
      entry.provider ??= await this.#providerOf(row)
      const found = await unwrapGuard(this.patience().with(entry.provider), row.form, guardPlaceOf(keyring, row))
      return found === 'foreign' ? 'denied' : found
    } catch (error) {
      if (error instanceof ProviderTrouble) return error.reason === 'away' ? 'away' : 'denied'
      if (error instanceof Refusal) return error.code === 'integrity_failure' ? 'wrong' : 'away'
      throw error
    }
  }

  async #providerOf(row: CustomerKey): Promise<RootKeyProvider> {
    const source = parseCustomerKeyUrl(row.provider)
    if (typeof source === 'string') throw new Refusal('integrity_failure', 'The provider of a key cannot be read.')
    return this.makeProvider(source, this.credentialsOf(row))
  }

  /** What changed here; where the store says so already, nothing is recorded. What could not be told is told at the next look. */
  async #tell(entry: Entry, closedFor: ClosedReason | null): Promise<void> {
    const isFirst = entry.told === undefined && entry.row.closedFor === closedFor
    try {
      if (!isFirst && entry.told !== closedFor) {
        await this.#needed.events.note(entry.row.accountId, entry.row.uid, closedFor)
      }
    } catch (error) {
      // Of a row that is not authentic just that is recorded. Whoever asks for something does not fail of it.
      if (!(error instanceof Refusal && error.code === 'integrity_failure')) return
    }
    entry.told = closedFor
  }
}

export function guardPlaceOf(
  { storeId }: Pick<Keyring, 'storeId'>,
  { accountId, uid }: Pick<CustomerKey, 'accountId' | 'uid'>,
): GuardPlace {
  return { storeId, accountId, uid }
}
