/** Rows that must be there, and are not: whoever took them away would open something. */
import { hasFactors } from '../model/factor.ts'
import { forgedRow, missingRow } from './forged.ts'
import * as lookups from './lookups.ts'
import type { Needs } from './needs.ts'
import type { Ref } from './refs.ts'
import type { Rows } from './rows.ts'
import { accounts } from './tables/account.ts'
import { factors } from './tables/factor.ts'
import { accountSettings } from './tables/machine.ts'
import { histories, storedSecrets } from './tables/secret.ts'
import { signInRules } from './tables/sign-in.ts'
import { users } from './tables/user.ts'
import type { World } from './world.ts'

/** Notes which rows are missing that must be there. */
export function noteMissing(needs: Needs, world: World): void {
  for (const secret of needs.refsOf(lookups.versionsOf)) noteHistory(secret, world)
  noteSettings(
    needs.refsOf(lookups.settings).map(({ accountId }) => accountId),
    world,
  )
  for (const user of needs.refsOf(lookups.factorsOf)) noteFactors(user, world)
  const accountIds = needs.refsOf(lookups.rules).map(({ accountId }) => accountId)
  world.forged.push(...missingOf(signInRules, accountIds, world).map((id) => missingRow(id, 'sign_in')))
}

/** Old versions go from the oldest on: one that is missing among the others, or the newest, was taken away. */
function noteHistory({ accountId, id }: Ref, world: World): void {
  const secret = world.get(storedSecrets, accountId, id)?.secret
  if (secret === undefined) return
  const kept = world.fact(histories, accountId, id) ?? []
  const isWhole = kept.length > 0 && kept.every((one, back) => one.version === secret.version - kept.length + 1 + back)
  if (!isWhole) world.forged.push(forgedRow('secrets', secret))
}

export function noteSettings(accountIds: readonly number[], world: World): void {
  world.forged.push(...missingOf(accountSettings, accountIds, world).map((id) => missingRow(id, 'settings')))
}

/** The accounts that lack a row of which each has one. */
function missingOf<Row, Own>(
  rows: Rows<Row, Own, readonly [accountId: number]>,
  accountIds: readonly number[],
  world: World,
): number[] {
  return accountIds.filter((id) => world.get(accounts, id) !== undefined && world.get(rows, id) === undefined)
}

/** A factor that was taken away would let in whoever has the others. */
function noteFactors({ accountId, id: userId }: Ref, world: World): void {
  const user = world.get(users, accountId, userId)
  if (user === undefined) return
  const own = [...world.all(factors)].filter((one) => one.accountId === accountId && one.userId === userId)
  if (!hasFactors(user, own)) world.forged.push(forgedRow('users', user))
}
