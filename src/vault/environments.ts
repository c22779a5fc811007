/** Environments: list, make, rename, give a base, delete. */
import { checkEnvironmentName } from '../model/environment.ts'
import type { EnvironmentView } from '../store/operations/environments.ts'
import { type Asker, ask, askOnce, type MadeOnce, type Vault } from './vault.ts'

export interface ShownEnvironment extends Pick<EnvironmentView, 'id' | 'name' | 'base' | 'createdAt'> {
  /** How many of its secrets the asker may list. */
  readonly secrets: number
}

/** Those that the asker may know of, by ascending id. @throws Refusal `forbidden` */
export async function listEnvironments(vault: Vault, asker: Asker): Promise<readonly ShownEnvironment[]> {
  const found = await ask(vault, asker, { kind: 'list_environments' })
  const shown: ShownEnvironment[] = []
  for (const one of found) shown.push(await counted(vault, one))
  return shown
}

/** The names of the same, without looking at what is in them. @throws Refusal `forbidden` */
export async function environmentNames(vault: Vault, asker: Asker): Promise<readonly string[]> {
  return (await ask(vault, asker, { kind: 'list_environments' })).map(({ name }) => name)
}

/** @throws Refusal `not_found`, `forbidden` */
export async function readEnvironment(vault: Vault, asker: Asker, id: number): Promise<ShownEnvironment> {
  return counted(vault, await ask(vault, asker, { kind: 'read_environment', id }))
}

export interface EnvironmentInput {
  readonly name: string
  /** The environment that a name is looked up in which this one lacks, by its name; `null` for none. */
  readonly base: string | null
}

/** @throws Refusal `name_taken`, `invalid`, `forbidden`, `idempotency_mismatch` */
export async function createEnvironment(
  vault: Vault,
  asker: Asker,
  { name, base }: EnvironmentInput,
): Promise<MadeOnce<ShownEnvironment>> {
  const input = { name: checkEnvironmentName(name), base }
  const { result, isReplayed } = await askOnce(vault, asker, { kind: 'create_environment', ...input })
  const { id, createdAt } = result
  return { result: { id, name: result.name, base, secrets: 0, createdAt }, isReplayed }
}

/** Changes what is given. @throws Refusal `not_found`, `name_taken`, `invalid`, `forbidden` */
export async function updateEnvironment(
  vault: Vault,
  asker: Asker,
  id: number,
  { name, base }: Partial<EnvironmentInput>,
): Promise<ShownEnvironment> {
  const wanted = name === undefined ? undefined : checkEnvironmentName(name)
  return counted(vault, await ask(vault, asker, { kind: 'update_environment', id, name: wanted, base }))
}

/**
 * @returns the id of the deletion, if it can be restored
 * @throws Refusal `not_found`, `not_empty`, `invalid` for `default`, `forbidden`
 */
export async function deleteEnvironment(vault: Vault, asker: Asker, id: number): Promise<number | null> {
  return ask(vault, asker, { kind: 'delete_environment', id })
}

async function counted(
  { store }: Vault,
  { accountId, id, name, base, createdAt, names }: EnvironmentView,
): Promise<ShownEnvironment> {
  const secrets = await store.countSecrets(accountId, { environmentId: id, names, words: [] })
  return { id, name, base, createdAt, secrets }
}
