/** What API keys and users have made: shown, and ended with them. */
import type { Made, MakerRef } from '../store/made.ts'
import { type Asker, ask, type Vault } from './vault.ts'

export type { Made, MakerRef } from '../store/made.ts'

/**
 * What goes on when its maker is gone.
 *
 * @throws Refusal `not_found`, `forbidden`, `integrity_failure`
 */
export function listMade(vault: Vault, asker: Asker, maker: MakerRef): Promise<Made> {
  return ask(vault, asker, { kind: 'list_made', maker })
}

/** As it is shown: ids and names. */
export function namesOf({ keys, trustRules, machines }: Made) {
  const named = (things: readonly { readonly id: number; readonly name: string }[]) =>
    things.map(({ id, name }) => ({ id, name }))
  return { keys: named(keys), trust_rules: named(trustRules), machines: named(machines) }
}
