/** Sessions, which are kept as API keys of their users: by which rules they begin, and what ends them. */
import { unreachable } from '../../errors.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { Refused } from '../outcome.ts'
import type { SessionEnds } from '../proof.ts'
import { apiKeys } from '../tables/api-key.ts'
import { signInRules } from '../tables/sign-in.ts'
import { objectOfSession } from './key-objects.ts'
import { isUpon } from './proof.ts'
import { type Call, put, record } from './work.ts'

/** Whether the account's rules for signing in are still those that somebody was judged by. */
export function areRules({ work, account }: Call, rulesMac: Uint8Array): boolean {
  return isUpon(work.world.get(signInRules, account.id)?.mac, rulesMac)
}

/** Ends open sessions of a user: of those that there are now, so that nobody stays in by going on signing in. */
export function endSessions(call: Call, userId: number, ends: SessionEnds): void {
  for (const key of sessionsOf(call, userId)) {
    if (!isEnded(key, ends)) continue
    put(call.work, apiKeys, { ...key, revokedAt: call.work.world.now })
    record({ ...call, action: 'session.end' }, objectOfSession(key), 'ok')
  }
}

function isEnded({ scopes }: ApiKey, ends: SessionEnds): boolean {
  switch (ends) {
    case 'none':
      return false
    case 'all':
      return true
    case 'unfinished':
      return scopes.length === 0
    default:
      return unreachable(ends)
  }
}

/** Those that are open. */
export function sessionsOf({ work, account }: Call, userId: number): ApiKey[] {
  const keys = [...work.world.all(apiKeys)]
  return keys.filter((key) => key.accountId === account.id && key.userId === userId && key.revokedAt === null)
}

export function noSession(): Refused {
  return { kind: 'refused', code: 'not_found', message: 'An API key has no session: only a user who is signed in has.' }
}
