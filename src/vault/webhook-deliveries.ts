/**
 * Tells webhooks of the trail, on one node at a time: makes deliveries of the records after each webhook's position, and sends what is
 * due. Nothing is written but under the lease, so a node that stood still for a while harms nothing.
 */
import { setTimeout } from 'node:timers/promises'
import type { Aside, AuditRecord } from '../audit/record.ts'
import { wants } from '../audit/subscription.ts'
import type { StoredRecord } from '../audit/verify.ts'
import { randomBytes } from '../crypto/random.ts'
import { signedHeaders } from '../crypto/webhook-signature.ts'
import { Refusal } from '../errors.ts'
import { managesAccount } from '../model/scope.ts'
import {
  type Delivery,
  type DisabledFor,
  failingDays,
  messageIdOf,
  pauseAfter,
  putOffBy,
  type Webhook,
} from '../model/webhook.ts'
import { type Standing, standingsAtOnce } from '../store/followers.ts'
import type { Op } from '../store/operation.ts'
import { viewOf } from './audit-view.ts'
import { type Event, eventOf, shownEvent } from './event.ts'
import { type Lease, lead } from './leases.ts'
import { pause } from './pause.ts'
import { seenOf } from './seen.ts'
import { integrityFailure, type Post, type Vault } from './vault.ts'
import { sendingOf } from './webhooks.ts'

/** On their way at once: of all, and to one host; to one that took nothing last, one. */
const maxSending = 32
const maxSendingToHost = 4
/** What nobody says is looked for so often: a webhook that is new, and what is due again. */
const lookMs = 1_000
/** What grew meanwhile goes together. */
const gatherMs = 25
const sweepMs = 60_000
const recordsAtOnce = 200
/** Requests that are on their way when the node stops are waited for so long. */
const graceMs = 3_000
/** A row that is not authentic is told of once in so long. */
const forgedMs = 3600_000
const dayMs = 86_400_000

const from = { requestId: 'webhooks', address: '' } as const

export interface DeliveryOptions {
  /** Sends in another way than the vault does. */
  readonly post?: Post
  readonly leaseMs?: number
  /** Told of each try, for the metrics. */
  readonly onTried?: (outcome: 'delivered' | 'again' | 'failed') => void
  readonly onError: (error: unknown) => void
}

/** @returns what ends it */
export function deliverWebhooks(vault: Vault, options: DeliveryOptions): () => Promise<void> {
  return lead(vault, {
    name: 'webhooks',
    ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
    wanted: { everyMs: Math.min(lookMs, options.leaseMs ?? lookMs), ask: () => vault.store.webhooks.isAny() },
    work: (lease, signal) => new Deliverer(vault, options, lease).run(signal),
    onError: options.onError,
  })
}

/** What a webhook is, and what its maker may see, now. */
interface Prepared {
  readonly webhook: Webhook
  /** Whether it may tell of a record. */
  readonly mayTell: (record: AuditRecord) => boolean
  readonly nameOf: (id: number) => string | undefined
  /** What a record is besides, as far as it may tell of that. */
  readonly asideOf: (stored: StoredRecord) => Aside | undefined
}

class Deliverer {
  readonly #vault: Vault
  readonly #options: DeliveryOptions
  readonly #lease: Lease
  readonly #sending = new Map<string, Promise<void>>()
  readonly #toHost = new Map<string, number>()
  readonly #breakOff = new AbortController()
  /** As whom the keys act that made webhooks, by webhook: asked for together with them. */
  readonly #persons = new Map<string, number>()
  /** Accounts that have webhooks, as far as it was seen since the last sweep: the growth of others wakes nobody. */
  readonly #followed = new Set<number>()
  /** Until when rows are left alone that were not authentic. */
  readonly #forged = new Map<string, number>()
  #isLost = false
  #wake = () => {}
  #isWoken = false

  constructor(vault: Vault, options: DeliveryOptions, lease: Lease) {
    this.#vault = vault
    this.#options = options
    this.#lease = lease
  }

  async run(signal: AbortSignal): Promise<void> {
    const { store, now } = this.#vault
    const unfollow = store.follow(
      (accountId) => this.#followed.has(accountId) && this.#look(),
      () => this.#followed,
    )
    const onAbort = () => this.#look()
    signal.addEventListener('abort', onAbort, { once: true })
    let sweptAt = Number.NEGATIVE_INFINITY
    try {
      while (!signal.aborted && !this.#isLost) {
        this.#isWoken = false
        const isMore = await this.#followAll()
        await this.#sendAll(signal)
        if (Math.abs(now() - sweptAt) >= sweepMs) {
          await this.#under(store.webhooks.sweep(this.#lease, now()))
          sweptAt = now()
          // Those that still have webhooks are seen again as soon as they grow.
          this.#followed.clear()
          // With nothing to follow, the lease would be renewed for nothing.
          if (!(await store.webhooks.isAny())) return
        }
        if (!isMore) await this.#wait()
        await pause(gatherMs, signal)
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      unfollow()
      await this.#settle()
    }
  }

  #look(): void {
    this.#isWoken = true
    this.#wake()
  }

  async #wait(): Promise<void> {
    if (this.#isWoken) return
    const timer = new AbortController()
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    await Promise.race([woken, setTimeout(lookMs, undefined, { signal: timer.signal, ref: false }).catch(() => {})])
    timer.abort()
  }

  /** Who has lost the lease leaves all as it is. */
  async #under(written: Promise<boolean>): Promise<boolean> {
    const isHeld = await written
    if (!isHeld) this.#isLost = true
    return isHeld
  }

  /** @returns whether there is more to follow */
  async #followAll(): Promise<boolean> {
    let isMore = false
    for await (const standing of this.#each((after) => this.#vault.store.webhooks.behind(after))) {
      this.#followed.add(standing.webhook.accountId)
      if (this.#isLost) return false
      isMore = (await this.#follow(standing)) || isMore
    }
    return isMore
  }

  async #follow(standing: Standing): Promise<boolean> {
    const { store, now } = this.#vault
    if (this.#isLeftAlone(standing.webhook)) return false
    const page = await store.recordsAfter(standing.webhook.accountId, standing.seq, recordsAtOnce)
    const last = page.at(-1)
    if (last === undefined) return false
    // Asked once they are read: what came to be meanwhile, such as an environment, would not be known of them.
    const prepared = await this.#prepare(standing.webhook)
    if (prepared === undefined) return false
    const wanted = page
      .map((stored) => ({ record: stored.record, aside: prepared.asideOf(stored) }))
      .filter(({ record, aside }) => wants(prepared.webhook, record, aside) && prepared.mayTell(record))
      .map(({ record: { seq: id, action }, aside }) => ({ id, action: aside ?? action }))
    await this.#under(store.webhooks.follow(this.#lease, standing, last.record.seq, wanted, now()))
    return page.length === recordsAtOnce
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    const until = this.#vault.now()
    for await (const standing of this.#each((after) => this.#vault.store.webhooks.due(until, after))) {
      if (signal.aborted || this.#isLost || this.#sending.size >= maxSending) return
      await this.#sendDue(standing, until)
    }
  }

  async #sendDue({ webhook, failingSince }: Standing, until: number): Promise<void> {
    const { store, now } = this.#vault
    const here = this.#toHost.get(webhook.host) ?? 0
    const slots = Math.min(maxSending - this.#sending.size, (failingSince === null ? maxSendingToHost : 1) - here)
    if (slots <= 0) return
    const prepared = await this.#prepare(webhook)
    if (prepared === undefined) return
    // What was on its way when they were looked for may be found as it was before it was answered.
    const sending = new Set(this.#sending.keys())
    const due = await store.webhooks.dueOf(webhook, until, slots + here)
    const next = due.filter((delivery) => !sending.has(nameOf(delivery))).slice(0, slots)
    // Counted under the lease just before they are sent: whoever has lost it sends nothing any more.
    if (next.length === 0 || !(await this.#under(store.webhooks.begin(this.#lease, next, now())))) return
    for (const delivery of next) this.#begin(prepared, delivery, failingSince)
  }

  #begin(prepared: Prepared, delivery: Delivery, failingSince: number | null): void {
    const { host } = prepared.webhook
    const name = nameOf(delivery)
    this.#toHost.set(host, (this.#toHost.get(host) ?? 0) + 1)
    const sent = this.#send(prepared, delivery, failingSince)
      .catch(this.#options.onError)
      .finally(() => {
        this.#sending.delete(name)
        const left = (this.#toHost.get(host) ?? 1) - 1
        if (left > 0) this.#toHost.set(host, left)
        else this.#toHost.delete(host)
        this.#look()
      })
    this.#sending.set(name, sent)
  }

  async #send(prepared: Prepared, delivery: Delivery, failingSince: number | null): Promise<void> {
    const { store, now } = this.#vault
    const { webhook } = prepared
    const [found] = await store.recordsAfter(webhook.accountId, delivery.id - 1, 1)
    if (found === undefined || found.record.seq !== delivery.id) return this.#giveUp(delivery, 'gone')
    const { record } = found
    // A test says nothing but that there was one.
    if (record.action !== 'webhook.test' && !prepared.mayTell(record)) return this.#giveUp(delivery, 'forbidden')
    const aside = prepared.asideOf(found)
    // That it was of a decoy, only who manages the account is told; and whoever is told of nothing else knows by any.
    if (aside === undefined && found.aside === delivery.action) return this.#giveUp(delivery, 'forbidden')
    const beganAt = now()
    const answer = await this.#post(webhook, eventOf(record, prepared.nameOf, aside))
    if (this.#breakOff.signal.aborted) return
    const at = now()
    const { status, fault, putOffMs } = answer
    const tried = { status, fault, tookMs: Math.max(0, at - beganAt), at }
    if (status !== null && status >= 200 && status < 300) {
      this.#options.onTried?.('delivered')
      await this.#under(store.webhooks.finish(this.#lease, delivery, { ...tried, state: 'delivered', nextAt: null }))
      return
    }
    const pause = status === 410 ? undefined : pauseAfter(delivery.tries + 1, putOffMs, chance())
    this.#options.onTried?.(pause === undefined ? 'failed' : 'again')
    const end =
      pause === undefined
        ? ({ state: 'failed', nextAt: null } as const)
        : ({ state: 'waiting', nextAt: at + pause } as const)
    if (!(await this.#under(store.webhooks.finish(this.#lease, delivery, { ...tried, ...end })))) return
    if (status === 410) await this.#disable(webhook, 'gone')
    else if (failingSince !== null && at - failingSince >= failingDays * dayMs) await this.#disable(webhook, 'failing')
  }

  /** What is not told any more, whatever the receiver would say. */
  async #giveUp(delivery: Delivery, fault: string): Promise<void> {
    const { store, now } = this.#vault
    const tried = { state: 'failed', nextAt: null, status: null, fault, tookMs: null, at: now() } as const
    await this.#under(store.webhooks.finish(this.#lease, delivery, tried))
    this.#options.onTried?.('failed')
  }

  async #post(webhook: Webhook, event: Event) {
    const now = this.#vault.now()
    const { url, keys } = sendingOf(this.#vault, webhook, now)
    const body = JSON.stringify(shownEvent(event))
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Strongroom',
      ...signedHeaders(keys, messageIdOf(webhook, event.id), now, body),
    }
    const { status, retryAfter, fault } = await (this.#options.post ?? this.#vault.post)({
      url,
      headers,
      body,
      signal: this.#breakOff.signal,
    })
    return { status, fault, putOffMs: putOffBy(retryAfter, now) }
  }

  /** @returns nothing where it is not to be told anything now */
  async #prepare(standing: Webhook): Promise<Prepared | undefined> {
    if (this.#isLeftAlone(standing)) return undefined
    const { accountId, id, maker } = standing
    const name = `${accountId} ${id}`
    const ask = (personId: number | undefined) =>
      this.#ask(accountId, { kind: 'follow_webhook', id, maker: { kind: maker.kind, id: maker.id }, personId })
    let found = await ask(this.#persons.get(name))
    if (found !== undefined && 'personId' in found) {
      this.#persons.set(name, found.personId)
      found = await ask(found.personId)
    }
    if (found === undefined || 'personId' in found) return undefined
    const { webhook, scopes } = found
    if (!scopes.some(({ right }) => right === 'audit:read')) {
      await this.#disable(webhook, 'maker')
      return undefined
    }
    const view = await viewOf(this.#vault, from, accountId, scopes).catch((error) => this.#leaveAlone(name, error))
    if (view === undefined) return undefined
    const isManaged = managesAccount(scopes)
    return {
      ...{ webhook, nameOf: view.nameOf, mayTell: (record) => view.maySee(seenOf(record)) },
      asideOf: ({ aside }) => (isManaged ? aside : undefined),
    }
  }

  #isLeftAlone({ accountId, id }: Webhook): boolean {
    return (this.#forged.get(`${accountId} ${id}`) ?? 0) > this.#vault.now()
  }

  async #ask(accountId: number, operation: Op<'follow_webhook'>) {
    const caller = { kind: 'system', accountId } as const
    const outcome = await this.#vault.store.submit<'follow_webhook'>({ caller, ...from, operation, lease: this.#lease })
    if (outcome.kind === 'done') return outcome.result
    if (outcome.kind !== 'forged') return undefined
    const error = await integrityFailure(this.#vault, from, outcome.accountId, outcome.action, outcome.object)
    return this.#leaveAlone(`${accountId} ${operation.id}`, error)
  }

  /** Of rows that are not authentic nothing is told for a while, and of all others as ever. @throws what is no such error */
  #leaveAlone(name: string, error: unknown): undefined {
    if (!(error instanceof Refusal) || error.code !== 'integrity_failure') throw error
    this.#forged.set(name, this.#vault.now() + forgedMs)
    this.#options.onError(error)
    return undefined
  }

  async #disable({ accountId, id, mac }: Webhook, reason: DisabledFor): Promise<void> {
    const operation = { kind: 'disable_webhook', id, rowMac: mac, reason } as const
    const caller = { kind: 'system', accountId } as const
    await this.#vault.store.submit<'disable_webhook'>({ caller, ...from, operation, lease: this.#lease })
  }

  async *#each(read: (after: Pick<Webhook, 'accountId' | 'id'>) => Promise<readonly Standing[]>) {
    for (let after = { accountId: 0, id: 0 }; ; ) {
      const page = await read(after)
      yield* page
      const last = page.at(-1)
      if (last === undefined || page.length < standingsAtOnce) return
      after = { accountId: last.webhook.accountId, id: last.webhook.id }
    }
  }

  /** What is on its way may yet be answered; what is not is sent again by whoever leads next. */
  async #settle(): Promise<void> {
    const all = Promise.all(this.#sending.values())
    const timer = new AbortController()
    await Promise.race([all, setTimeout(graceMs, undefined, { signal: timer.signal }).catch(() => {})])
    timer.abort()
    this.#breakOff.abort()
    await all
  }
}

function nameOf({ accountId, webhookId, id }: Delivery): string {
  return `${accountId} ${webhookId} ${id}`
}

/** From 0 to 1. */
function chance(): number {
  return (randomBytes(1)[0] ?? 0) / 255
}
