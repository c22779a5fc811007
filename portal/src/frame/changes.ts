/** What is recorded in the audit log when something changes, and what that makes old of what the portal has asked for. */

/** An answer that is kept, by what its key begins with. */
type Kept = string

const things = ['secrets', 'lists', 'deleted', 'deployments']

/**
 * By the noun of the actions. Looking is not among them: each page that looks anew records that it did, and would be told
 * to look again.
 */
const nouns: readonly (readonly [noun: string, verbs: readonly string[], makesOld: readonly Kept[]])[] = [
  ['secret', ['create', 'update', 'delete', 'move', 'keep', 'restore', 'purge', 'rollback'], things],
  ['metadata', ['update'], things],
  ['version', ['restore', 'destroy'], things],
  ['list', ['create', 'rename', 'delete', 'keep', 'restore', 'purge'], things],
  ['environment', ['create', 'update', 'delete', 'keep', 'restore', 'purge'], ['environments', 'deleted']],
  ['deployment', ['delete'], ['deployments']],
  ['seed', ['create', 'delete', 'fetch', 'return'], ['seeds']],
  ['machine', ['create', 'delete'], ['machines']],
  ['settings', ['update'], ['settings', 'recovery days', 'deleted']],
  ['user', ['create', 'update', 'delete', 'accept'], ['users', 'sessions']],
  ['session', ['open', 'end'], ['sessions', 'users']],
  ['factor', ['change', 'add', 'remove'], ['factors', 'users']],
  ['sign_in', ['update'], ['sign-in', 'sso']],
  ['trust_rule', ['create', 'update', 'delete'], ['trust-rules', 'keys']],
  ['webhook', ['create', 'update', 'rotate', 'delete', 'disable'], ['webhooks']],
  ['key', ['create', 'rotate', 'revoke'], ['keys', 'seeds', 'webhooks']],
  ['login', ['redeem'], ['keys']],
  ['account', ['rotate_key', 'drop_key'], ['account']],
  ['customer_key', ['set', 'remove', 'close', 'open'], ['customer-key']],
]

/** By action. */
const changes: ReadonlyMap<string, readonly Kept[]> = new Map(
  nouns.flatMap(([noun, verbs, makesOld]) => verbs.map((verb) => [`${noun}.${verb}`, makesOld] as const)),
)

/** What is listened for. */
export const changeActions: readonly string[] = [...changes.keys()]

const kept: ReadonlySet<string> = new Set(nouns.flatMap(([, , makesOld]) => makesOld))

/** What there is to know of an event. */
export interface Told {
  readonly action: string
  readonly outcome: string
  readonly object: { readonly kind: string; readonly id: number | null } | null
}

/** Of the things that have answers of their own, the one that alone has changed. */
function oneOf({ action, object }: Told): number | undefined {
  // A secret that has another name is in other listings; what it is itself, it alone is.
  return object?.kind === 'secret' && /^(secret|metadata|version)\./.test(action) ? (object.id ?? undefined) : undefined
}

/** Whether an answer is kept up to date. @param key what it is kept under */
export function isLive([head, , part]: readonly unknown[]): boolean {
  // Who can read a secret is told as of when that was asked.
  return typeof head === 'string' && kept.has(head) && !(head === 'secrets' && part === 'access')
}

/** Whether an answer may be another since an event. @param key what it is kept under */
export function makesOld(told: Told, key: readonly unknown[]): boolean {
  const [head, id] = key
  if (told.outcome !== 'ok' || typeof head !== 'string' || !isLive(key)) return false
  if (changes.get(told.action)?.includes(head) !== true) return false
  const one = oneOf(told)
  return head !== 'secrets' || typeof id !== 'number' || one === undefined || one === id
}
