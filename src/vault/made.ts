/** What API keys and users have made: shown, and ended with them. */
import { setImmediate } from 'node:timers/promises'
import type { ApiKey } from '../model/api-key.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import { keyListingOf, machineListingOf, trustRuleListing } from '../store/listings.ts'
import type { Before, Made, MakerRef } from '../store/made.ts'
import { everyRow } from './pages.ts'
import { Pace } from './scan-in-turns.ts'
import { type Asker, ask, type Vault, verify } from './vault.ts'

export type { Before, Made, MakerRef } from '../store/made.ts'

/** Keys and machines that end in one transaction: some milliseconds, for which all others wait. */
const partSize = 100
/** Makers that are asked about in one query. */
const makersAtOnce = 200

/**
 * What goes on when its maker is gone.
 *
 * @throws Refusal `not_found`, `forbidden`, `integrity_failure`
 */
export function listMade(vault: Vault, asker: Asker, maker: MakerRef): Promise<Made> {
  return ask(vault, asker, { kind: 'list_made', maker })
}

/**
 * Ends what somebody made, as far as that is more than goes in one transaction: in parts, with others served in between. They
 * themselves go on meanwhile; whatever they make is left for the transaction that ends them.
 *
 * @param ended takes what was ended
 * @param isSelf whether the maker is the key that asks
 * @returns what is left for that transaction; `undefined` where nothing was ended, as all of it goes there
 * @throws Refusal as ending the maker would
 */
export async function endBefore(
  vault: Vault,
  asker: Asker,
  accountId: number,
  maker: MakerRef,
  ended: Made[],
  isSelf = false,
): Promise<Before | undefined> {
  const end = (keys: readonly number[], machines: readonly number[]) =>
    ask(vault, asker, { kind: 'end_made_part', maker, isSelf, keys, machines })
  const account = await vault.store.account(accountId)
  if (account === undefined) return undefined
  const keys: number[] = []
  const machines: number[] = []
  const rules: string[] = []
  let isAllowed = false
  for await (const { kind, row } of thingsMadeBy(vault, asker, accountId, maker)) {
    if (kind === 'rule') rules.push(Buffer.from(row.mac).toString('hex'))
    else if (kind === 'machine') machines.push(row.id)
    else if (row.revokedAt === null) keys.push(row.id)
    // Who may not end the maker has nobody look through all that they made.
    if (!isAllowed && keys.length + machines.length > partSize) {
      await end([], [])
      isAllowed = true
    }
  }
  if (!isAllowed) return undefined
  for (let at = 0; at < keys.length; at += partSize) {
    ended.push(await end(keys.slice(at, at + partSize), []))
    await setImmediate()
  }
  for (let at = 0; at < machines.length; at += partSize) {
    ended.push(await end([], machines.slice(at, at + partSize)))
    await setImmediate()
  }
  const { nextKeyId, nextMachineId, nextTrustRuleId } = account
  return { nextKeyId, nextMachineId, nextTrustRuleId, rules }
}

/** All that several ended. */
export function together(all: readonly Made[]): Made {
  return {
    keys: all.flatMap(({ keys }) => keys),
    trustRules: all.flatMap(({ trustRules }) => trustRules),
    machines: all.flatMap(({ machines }) => machines),
    webhooks: all.flatMap(({ webhooks }) => webhooks),
  }
}

type Thing =
  | { readonly kind: 'key'; readonly row: ApiKey }
  | { readonly kind: 'machine'; readonly row: Made['machines'][number] }
  | { readonly kind: 'rule'; readonly row: TrustRule }

/** What somebody made, and what that made in turn, each held against its MAC: in turns with others. */
async function* thingsMadeBy(
  vault: Vault,
  asker: Asker,
  accountId: number,
  root: MakerRef,
): AsyncGenerator<Thing, void, undefined> {
  const pace = new Pace()
  const allRules = await Array.fromAsync(everyRow(vault, accountId, trustRuleListing))
  for (const rule of allRules) await verify(vault, asker, 'trust_rules', rule, 'key.revoke')
  const seen = new Set([`${root.kind} ${root.id}`])
  let at: readonly { readonly kind: string; readonly id: number }[] = [root]
  while (at.length > 0) {
    const next: { readonly kind: string; readonly id: number }[] = []
    const found = (kind: string, id: number) => {
      if (seen.has(`${kind} ${id}`)) return false
      seen.add(`${kind} ${id}`)
      next.push({ kind, id })
      return true
    }
    for (const [kind, makers] of Map.groupBy(at, (one) => one.kind)) {
      const ids = makers.map(({ id }) => id)
      for (let from = 0; from < ids.length; from += makersAtOnce) {
        const some = ids.slice(from, from + makersAtOnce)
        for await (const row of everyRow(vault, accountId, keyListingOf(kind, some))) {
          await verify(vault, asker, 'api_keys', row, 'key.revoke')
          if (found('key', row.id)) yield { kind: 'key', row }
          await pace.after(1)
        }
        for await (const row of everyRow(vault, accountId, machineListingOf(kind, some))) {
          await verify(vault, asker, 'machines', row, 'key.revoke')
          yield { kind: 'machine', row }
          await pace.after(1)
        }
      }
      const names = new Set(ids)
      for (const row of allRules) {
        const isTheirs = row.maker !== null && row.maker.kind === kind && names.has(row.maker.id)
        if (isTheirs && found('workload', row.id)) yield { kind: 'rule', row }
      }
    }
    at = next
  }
}

/** As it is shown: ids and names. */
export function namesOf({ keys, trustRules, machines, webhooks }: Made) {
  const named = (things: readonly { readonly id: number; readonly name: string }[]) =>
    things.map(({ id, name }) => ({ id, name }))
  const called = webhooks.map(({ id, host }) => ({ id, name: host }))
  return { keys: named(keys), trust_rules: named(trustRules), machines: named(machines), webhooks: named(called) }
}
