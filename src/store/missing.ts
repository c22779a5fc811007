/** Rows that must be there, and are not: whoever took them away would open something. */
import { hasFactors } from '../model/factor.ts'
import { forgedRow, missingRow } from './forged.ts'
import type { Needs } from './needs.ts'
import { ref, type World } from './world.ts'

/** Notes which rows are missing that must be there. */
export function noteMissing({ histories, settingsOf, factorsOf, rulesOf }: Needs, world: World): void {
  if (histories.size > 0) for (const at of histories.keys()) noteHistory(at, world)
  if (settingsOf.size > 0) noteSettings([...settingsOf], world)
  if (factorsOf.size > 0) for (const { accountId, id } of factorsOf.values()) noteFactors(world, accountId, id)
  if (rulesOf.size === 0) return
  const missing = [...rulesOf].filter((id) => world.accounts.has(id) && !world.rules.has(id))
  world.forged.push(...missing.map((id) => missingRow(id, 'sign_in')))
}

/** Old versions go from the oldest on: one that is missing among the others, or the newest, was taken away. */
function noteHistory(at: string, { secrets, versions, forged }: World): void {
  const secret = secrets.get(at)?.secret
  if (secret === undefined) return
  const kept = versions.get(at) ?? []
  const isWhole = kept.length > 0 && kept.every((one, back) => one.version === secret.version - kept.length + 1 + back)
  if (!isWhole) forged.push(forgedRow('secrets', secret))
}

export function noteSettings(accountIds: readonly number[], world: World): void {
  const missing = accountIds.filter((id) => world.accounts.has(id) && !world.settings.has(id))
  world.forged.push(...missing.map((id) => missingRow(id, 'settings')))
}

/** A factor that was taken away would let in whoever has the others. */
function noteFactors({ users, factors, forged }: World, accountId: number, userId: number): void {
  const user = users.get(ref(accountId, userId))
  if (user === undefined) return
  const own = [...factors.values()].filter((one) => one.accountId === accountId && one.userId === userId)
  if (!hasFactors(user, own)) forged.push(forgedRow('users', user))
}
