/** What API keys and users have made: shown, and ended with them. */
import { keyToAuthenticate } from '../model/api-key.ts'
import { machineToAuthenticate } from '../model/machine.ts'
import { trustRuleToAuthenticate } from '../model/trust-rule.ts'
import type { Made, MadeEnds, MakerRef } from '../store/made-operation.ts'
import { type Asker, ask, integrityFailure, type Vault } from './vault.ts'

export type { Made, MakerRef } from '../store/made-operation.ts'

/**
 * What goes on when its maker is gone.
 *
 * @throws Refusal `not_found`, `forbidden`, `integrity_failure`
 */
export async function listMade(vault: Vault, asker: Asker, maker: MakerRef): Promise<Made> {
  const made = await ask(vault, asker, { kind: 'list_made', maker })
  await verify(vault, asker, made)
  return made
}

/** As it is shown: ids and names. */
export function namesOf({ keys, trustRules, machines }: Made) {
  const named = (things: readonly { readonly id: number; readonly name: string }[]) =>
    things.map(({ id, name }) => ({ id, name }))
  return { keys: named(keys), trust_rules: named(trustRules), machines: named(machines) }
}

/** The keys that end with their maker, as they will be; `undefined` when they are to go on. */
export async function endsOf(vault: Vault, asker: Asker, maker: MakerRef, isWanted: boolean): Promise<MadeEnds> {
  if (!isWanted) return undefined
  const made = await ask(vault, asker, { kind: 'prepare_made', maker })
  await verify(vault, asker, made)
  const revokedAt = vault.now()
  return made.keys.map((key) => ({
    id: key.id,
    rowMac: key.mac,
    revokedAt,
    mac: vault.keyring.rowMac(keyToAuthenticate({ ...key, revokedAt })),
  }))
}

/** @throws Refusal `integrity_failure` */
async function verify(vault: Vault, asker: Asker, { keys, trustRules, machines }: Made): Promise<void> {
  const rows = [
    ...keys.map((row) => ({ kind: 'key', row, text: keyToAuthenticate(row) }) as const),
    ...trustRules.map((row) => ({ kind: 'trust_rule', row, text: trustRuleToAuthenticate(row) }) as const),
    ...machines.map((row) => ({ kind: 'machine', row, text: machineToAuthenticate(row) }) as const),
  ]
  const forged = rows.find(({ row, text }) => !vault.keyring.isRowMac(text, row.mac))
  if (forged === undefined) return
  const { id, uid, name, accountId } = forged.row
  const object = { kind: forged.kind, id, uid, name, version: null, hash: null } as const
  throw await integrityFailure(vault, asker, accountId, 'key.read', object)
}
