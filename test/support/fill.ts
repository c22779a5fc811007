/** Fills stores with more than a test would ask for one by one. */
import type { IdOrName } from '../../src/store/naming.ts'
import { createSecret } from '../../src/vault/secrets.ts'
import { type Asker, authenticate, type Identity, type Vault } from '../../src/vault/vault.ts'

/** On their way at once: as many as go into one batch. */
const atOnce = 256

/** Makes secrets `PREFIX-0`, `PREFIX-1`, … in the first account, as its host. */
export function fillSecrets(vault: Vault, prefix: string, count: number, list?: IdOrName): Promise<void> {
  const names = Array.from({ length: count }, (_, at) => `${prefix}-${at}`)
  return makeSecrets(vault, names, (name) => `v-${name.slice(prefix.length + 1)}`, list)
}

/** The same with names as they are given, in their order. */
export function makeSecrets(
  vault: Vault,
  names: readonly string[],
  makeValue: (name: string) => string = () => 'v',
  list?: IdOrName,
): Promise<void> {
  return makeMany(vault, names, (asker, identity, name) =>
    createSecret(vault, asker, identity, { name, value: { text: makeValue(name) }, list }),
  )
}

/** Makes one of each in the first account, as its host. */
export async function makeMany<T>(
  vault: Vault,
  all: readonly T[],
  make: (asker: Asker, identity: Identity, one: T) => Promise<unknown>,
): Promise<void> {
  const asker: Asker = {
    caller: { kind: 'host', accountId: 1, name: 'test' },
    requestId: 'fill',
    address: '127.0.0.1',
  }
  const identity = await authenticate(vault, asker)
  const waiting = all.values()
  const worker = async () => {
    for (const one of waiting) await make(asker, identity, one)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
