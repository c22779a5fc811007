/** What was deleted and is kept for a while, as the account is set to. Times are milliseconds since 1970. */
import { hash } from 'node:crypto'
import { environmentRule, isEnvironmentName } from './environment-name.ts'
import { isListName, listNameRule } from './list.ts'
import { isSecretName, secretNameRule } from './name.ts'
import type { Principal } from './principal.ts'
import { allowsName, allowsSome, managesAccount, type Scope } from './scope.ts'

export type DeletedKind = 'secret' | 'list' | 'environment'

/**
 * `kept` until its end. Of what has many secrets in it, which come and go in parts: some are still to come here (`going`), to be
 * put back (`returning`), or to be destroyed (`purging`). Nobody sees it then.
 */
export type DeletedState = 'kept' | 'going' | 'returning' | 'purging'

/** A row as it was, by its columns, without its MAC. */
export type KeptRow = Readonly<Record<string, string | number | null>>

export interface Deleted {
  readonly accountId: number
  /** Of the deletion, and not of what was deleted, which may be deleted again. */
  readonly id: number
  readonly kind: DeletedKind
  /** The id that it had, and has again when it is restored. */
  readonly thingId: number
  readonly uid: string
  readonly name: string
  /** The environment that it was in; 0 for an environment, which is in none. */
  readonly environmentId: number
  /** Of a secret: its version. */
  readonly version: number | null
  /** With what it was deleted: the list, by the id of that deletion. */
  readonly withId: number | null
  readonly deletedAt: number
  readonly deleter: Principal
  readonly state: DeletedState
  readonly row: KeptRow
  /** Of a secret: the SHA-256, hexadecimal, of its value, sealed. */
  readonly hash: string | null
  /** What it is to be called that is being put back in parts. */
  readonly newName: string | null
  readonly mac: Uint8Array
}

/** For how many days an account can keep what it deletes. */
export const maxRecoveryDays = 90

/** As many secrets as one rollback is about, at most. */
export const maxRolledBack = 100

/** The SHA-256, hexadecimal, of what is kept, as the audit trail has it: not of its state, which passes. */
export function keptHash(deleted: Omit<Deleted, 'mac' | 'state' | 'newName'>): string {
  const { id, kind, thingId, uid, name, environmentId, version, withId, deletedAt, deleter, row } = deleted
  const by = [deleter.kind, deleter.id, deleter.name]
  // Whoever reads the trail could find out by it whether a secret was a decoy: they know all the rest.
  const { decoy: _, ...told } = row
  const all = [id, kind, thingId, uid, name, environmentId, version, withId, deletedAt, by, told, deleted.hash]
  return hash('sha256', JSON.stringify(all), 'hex')
}

/** When it ends that something can be restored, by what the account is set to. */
export function endOf({ deletedAt }: Pick<Deleted, 'deletedAt'>, recoveryDays: number): number {
  return deletedAt + recoveryDays * dayMs
}

export const dayMs = 24 * 60 * 60 * 1000

/** Any right to what a secret of the name holds, or is. */
const seeing = ['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete'] as const

/**
 * Whether somebody may know of something that was deleted, by what they may see now.
 *
 * @param environment what the environment is called that it was in
 */
export function seesDeleted(scopes: readonly Scope[], environment: string, deleted: Deleted): boolean {
  const { kind, name } = deleted
  switch (kind) {
    case 'environment':
      return managesAccount(scopes)
    case 'list':
      return seeing.some((right) => allowsSome(scopes, right, environment))
    default:
      return seeing.some((right) => allowsName(scopes, right, environment, name))
  }
}

/** Why something cannot be called so, if it cannot. */
export function nameFault(kind: DeletedKind, name: string): string | undefined {
  const [isGood, rule] = {
    secret: [isSecretName, secretNameRule] as const,
    list: [isListName, listNameRule] as const,
    environment: [isEnvironmentName, environmentRule] as const,
  }[kind]
  return isGood(name) ? undefined : `Must be ${rule}.`
}
