/** A webhook: where an account's records are told of as they come, and what became of each. Times are milliseconds since 1970. */
import { invalid } from '../errors.ts'
import { isPattern } from './pattern.ts'
import type { Principal } from './principal.ts'

export interface Webhook {
  readonly accountId: number
  readonly id: number
  /** Random and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  /** Of its URL, with the port: all that may stand in a record or a log, as the rest may be a token. */
  readonly host: string
  /** Its URL and what it signs with, sealed. */
  readonly sealed: Uint8Array
  /** Which actions it is told of: `*`, `secret.*` or `secret.update`. */
  readonly actions: readonly string[]
  /** With it, only what is about secrets whose names match the pattern. */
  readonly name: string | null
  /** With it, only what is in this environment. */
  readonly environmentId: number | null
  readonly isEnabled: boolean
  /** Why the server disabled it (`DisabledFor`); `null` when somebody did, or nobody. */
  readonly disabledFor: string | null
  readonly disabledAt: number | null
  /** Until when what it signed with before signs too; `null` when there is none. */
  readonly previousUntil: number | null
  /** What may be told: what its maker could read of the trail when they made or changed it. Canonical texts. */
  readonly scopes: readonly string[]
  /** Who made it, or changed it last: it tells no more than they may see. */
  readonly maker: Principal
  /** Of a user: which generation of theirs (`User.generation`) made it. */
  readonly makerGeneration: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly mac: Uint8Array
}

/**
 * `gone`: the receiver answered 410. `failing`: nothing was taken for days. `maker`: whoever made it may see nothing of the trail any
 * more, or is gone.
 */
export type DisabledFor = 'gone' | 'failing' | 'maker'

/** How far along the trail it is. */
export interface WebhookPosition {
  readonly accountId: number
  readonly webhookId: number
  /** Records up to this one are done with, or are deliveries. */
  readonly seq: number
  /** Since when all that was tried has failed; `null` when the last was taken, or nothing was tried. */
  readonly failingSince: number | null
}

export const deliveryStates = ['waiting', 'delivered', 'failed'] as const

/** One record that a webhook is told of. It holds nothing of the record but where it is. */
export interface Delivery {
  readonly accountId: number
  readonly webhookId: number
  /** The number of the record in the account's trail. */
  readonly id: number
  /** The record's. */
  readonly action: string
  readonly state: (typeof deliveryStates)[number]
  readonly createdAt: number
  /** How often it was tried, in all. */
  readonly attempts: number
  /** How often since it was last asked for: by that its pauses grow. */
  readonly tries: number
  /** When it is tried next; `null` when it is over. */
  readonly nextAt: number | null
  readonly attemptedAt: number | null
  /** What the receiver answered last; `null` when it did not. */
  readonly status: number | null
  /** Why it was not taken; `null` when it was, or was not tried. */
  readonly fault: string | null
  /** How long the last answer took. */
  readonly tookMs: number | null
}

/** More would be gone through at each look. */
export const maxWebhooks = 20
export const maxActions = 32
export const maxUrlLength = 2048
/** After a new secret was made, the one before signs too for so long. */
export const overlapMs = 24 * 3600_000

/** @throws Refusal `invalid` naming `url` */
export function checkWebhookUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  if (!isPlain || url.hash !== '' || url.href.length > maxUrlLength) {
    throw invalid('url', `Must be an https URL without credentials and fragment, at most ${maxUrlLength} characters.`)
  }
  return url
}

/** @throws Refusal `invalid` naming `name` */
export function checkNamePattern(text: string | null): string | null {
  if (text === null || text === '*') return null
  if (!isPattern(text)) throw invalid('name', 'Must be a name or a pattern such as "prod-*"; null for all.')
  return text
}

/** What tells one message from all others, however often it is sent. */
export function messageIdOf({ uid }: Pick<Webhook, 'uid'>, seq: number): string {
  return `msg_${uid}_${seq}`
}

const minute = 60_000
const hour = 60 * minute
/** After the first try, the second, and so on: a day in all. */
export const pausesMs: readonly number[] = [
  ...[5_000, 30_000, 2 * minute, 10 * minute, 30 * minute],
  ...[hour, 2 * hour, 4 * hour, 8 * hour, 8 * hour],
]
/** No receiver puts anything off for longer. */
const maxPutOffMs = 6 * hour
/** Each pause is longer or shorter by up to a fifth, so that what failed together does not come again together. */
const jitter = 0.2

/**
 * How long to wait after a try that failed.
 *
 * @param tries how many there were
 * @param putOffMs what the receiver asked for (`Retry-After`), 0 for nothing
 * @param chance from 0 to 1
 * @returns `undefined` when that was the last
 */
export function pauseAfter(tries: number, putOffMs: number, chance: number): number | undefined {
  const pause = pausesMs[tries - 1]
  if (pause === undefined) return undefined
  return Math.max(Math.round(pause * (1 - jitter + 2 * jitter * chance)), Math.min(putOffMs, maxPutOffMs))
}

/** Of `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). @returns milliseconds; 0 for what is neither */
export function putOffBy(header: string | null, now: number): number {
  if (header === null) return 0
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.max(0, at - now)
}

/** After so long of nothing but failures a webhook is disabled. */
export const failingDays = 5
/** How long deliveries are kept. */
export const keptDays = 30
