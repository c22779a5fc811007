/** Which rows the operations of a batch name. */

import type { AddressRange } from '../model/address.ts'
import { defaultList } from '../model/list.ts'
import { rangesOf } from '../model/machine.ts'
import type { Principal } from '../model/principal.ts'
import type { NewFactor, Proof } from './factor-operation.ts'
import type { MakerRef } from './made-operation.ts'
import type { IdOrName, Request } from './operation.ts'
import { ref, replyRef, usedRef, versionRef } from './world.ts'

/** A row of an account. */
export interface Ref {
  readonly accountId: number
  readonly id: number
}

export interface NameRef {
  readonly accountId: number
  readonly name: string
}

export interface EmailRef {
  readonly accountId: number
  readonly email: string
}

export interface VersionRef extends Ref {
  readonly version: number
}

export interface ReplyRef {
  readonly accountId: number
  readonly keyId: number
  readonly hash: string
}

export interface UsedRef {
  readonly accountId: number
  readonly ruleId: number
  readonly hash: string
}

export interface SpentRef {
  readonly accountId: number
  readonly hash: string
}

export class Needs {
  readonly secrets = new Map<string, Ref>()
  readonly secretNames = new Map<string, NameRef>()
  readonly lists = new Map<string, Ref>()
  readonly listNames = new Map<string, NameRef>()
  readonly withList: { readonly accountId: number; readonly id: IdOrName }[] = []
  readonly machinesOf = new Set<number>()
  readonly settingsOf = new Set<number>()
  readonly claimed: AddressRange[] = []
  readonly contents: { readonly accountId: number; readonly id: IdOrName }[] = []
  readonly names = new Map<string, NameRef>()
  readonly keys = new Map<string, Ref>()
  readonly replies = new Map<string, ReplyRef>()
  readonly histories = new Map<string, Ref>()
  readonly sealed = new Map<string, VersionRef>()
  readonly accountKeys = new Set<number>()
  readonly keysInUse = new Set<number>()
  readonly users = new Map<string, Ref>()
  readonly usersOf = new Set<number>()
  readonly emails = new Map<string, EmailRef>()
  readonly sessionsOf = new Map<string, Ref>()
  readonly factorsOf = new Map<string, Ref>()
  readonly lookups = new Set<string>()
  readonly spent = new Map<string, SpentRef>()
  readonly rulesOf = new Set<number>()
  readonly accountNames = new Set<string>()
  readonly deployments = new Map<string, Ref>()
  readonly targets = new Map<string, NameRef>()
  /** Secrets of which it is asked how many deployments hold them. */
  readonly held: { readonly accountId: number; readonly id: IdOrName }[] = []
  readonly seeds = new Map<string, Ref>()
  readonly trustRulesOf = new Set<number>()
  readonly trustRules = new Map<string, Ref>()
  /** Rules whose keys would end with them, and those of whose keys it is asked how many are alive. */
  readonly keysOfRules = new Map<string, Ref>()
  readonly livingKeys = new Map<string, Ref>()
  readonly usedTokens = new Map<string, UsedRef>()
  /** Of whom it is asked what they made. */
  readonly makers: (MakerRef & { readonly accountId: number })[] = []

  add(accountId: number | undefined, keyId: number, operation: Request['operation']): void {
    if (operation.kind === 'create_account') this.accountNames.add(operation.name)
    if (accountId === undefined) return
    switch (operation.kind) {
      case 'authenticate':
        this.accountKeys.add(accountId)
        return
      case 'read_secret':
      case 'prepare_secret':
        this.#place(accountId, operation)
        return
      case 'delete_secret':
        this.#place(accountId, operation)
        this.held.push({ accountId, id: operation.id })
        return
      case 'update_secret':
        this.#place(accountId, operation)
        this.held.push({ accountId, id: operation.id })
        if (operation.rename !== undefined) this.#newName(accountId, operation.rename)
        break
      case 'read_metadata':
      case 'update_metadata':
        this.#place(accountId, operation)
        this.withList.push({ accountId, id: operation.id })
        return
      case 'read_secrets':
        for (const id of operation.refs) this.#secret(accountId, id)
        return
      case 'move_secret':
        this.#secret(accountId, operation.id)
        this.#list(accountId, operation.to)
        return
      case 'list_secrets':
      case 'list_values':
        if (operation.list !== undefined) this.#list(accountId, operation.list)
        return
      case 'read_list':
        this.#list(accountId, operation.list)
        return
      case 'create_list':
        this.#list(accountId, operation.name)
        return
      case 'rename_list':
        this.#list(accountId, operation.list)
        this.#list(accountId, operation.name)
        return
      case 'delete_list':
        this.#list(accountId, operation.list)
        this.contents.push({ accountId, id: operation.list })
        return
      case 'list_versions':
      case 'restore_version':
        this.#history(accountId, operation.id)
        this.held.push({ accountId, id: operation.id })
        break
      case 'read_version':
      case 'prepare_version': {
        const { id, version } = operation
        this.#history(accountId, id)
        this.sealed.set(versionRef(accountId, id, version), { accountId, id, version })
        break
      }
      case 'add_account_key':
      case 'rewrap_account_key':
        this.accountKeys.add(accountId)
        return
      case 'drop_account_key':
        this.accountKeys.add(accountId)
        this.keysInUse.add(accountId)
        return
      case 'rewrap_secret_keys':
        this.accountKeys.add(accountId)
        for (const { id } of operation.keys) this.secrets.set(ref(accountId, id), { accountId, id })
        return
      case 'create_secret':
        this.accountKeys.add(accountId)
        this.#newName(accountId, operation.name)
        this.#list(accountId, operation.list ?? defaultList)
        break
      case 'create_machine':
        this.claimed.push(...rangesOf(operation.machine))
        this.machinesOf.add(accountId)
        return
      case 'list_machines':
      case 'read_machine':
      case 'delete_machine':
        this.machinesOf.add(accountId)
        return
      case 'read_settings':
      case 'update_settings':
        this.settingsOf.add(accountId)
        if (operation.kind === 'update_settings') this.machinesOf.add(accountId)
        return
      case 'list_users':
        this.usersOf.add(accountId)
        return
      case 'read_user':
        this.addUser(accountId, operation.id)
        return
      case 'create_user':
        this.#email(accountId, operation.user.email)
        return
      case 'prepare_user':
        this.#user(accountId, operation.id)
        return
      case 'update_user':
        this.#user(accountId, operation.id)
        // The last owner stays.
        this.usersOf.add(accountId)
        if (operation.isWhole) this.#made(accountId, { kind: 'user', id: operation.id })
        return
      case 'delete_user':
        this.#user(accountId, operation.id)
        this.usersOf.add(accountId)
        if (operation.isWhole) this.#made(accountId, { kind: 'user', id: operation.id })
        this.factorsOf.set(ref(accountId, operation.id), { accountId, id: operation.id })
        return
      case 'open_session':
        this.#user(accountId, operation.change.user.id)
        this.#email(accountId, operation.change.user.email)
        this.#proof(accountId, operation.change.user.id, operation.proof, operation.add)
        this.rulesOf.add(accountId)
        return
      case 'confirm_session':
        if (operation.proof.use === undefined) this.#spend(accountId, operation.proof.spend)
        else this.#proof(accountId, operation.proof.use.factor.userId, operation.proof, [])
        return
      case 'change_factors':
        this.#user(accountId, operation.userId)
        this.#proof(accountId, operation.userId, { spend: operation.change?.spend }, operation.change?.add ?? [])
        return
      case 'read_rules':
        this.rulesOf.add(accountId)
        return
      case 'update_rules':
        this.rulesOf.add(accountId)
        return
      case 'put_deployment':
        this.#target(accountId, operation.target)
        return
      case 'fetch_seed':
        this.#target(accountId, operation.change.seed.target)
        return
      case 'delete_deployment':
        this.deployments.set(ref(accountId, operation.id), { accountId, id: operation.id })
        return
      case 'create_seed':
        for (const name of operation.names) this.#newName(accountId, name)
        return
      case 'read_seed':
      case 'delete_seed':
        this.seeds.set(ref(accountId, operation.id), { accountId, id: operation.id })
        return
      case 'list_trust_rules':
      case 'read_trust_rule':
      case 'create_trust_rule':
      case 'update_trust_rule':
        this.trustRulesOf.add(accountId)
        return
      case 'prepare_trust_rule':
      case 'delete_trust_rule':
        this.trustRules.set(ref(accountId, operation.id), { accountId, id: operation.id })
        if (operation.kind === 'prepare_trust_rule') return
        this.keysOfRules.set(ref(accountId, operation.id), { accountId, id: operation.id })
        return
      case 'exchange_token':
        this.#exchange(accountId, operation.rule.id, operation.usedHash)
        return
      case 'list_made':
        this.#made(accountId, operation.maker)
        return
      case 'end_session':
      case 'read_key':
      case 'prepare_key':
      case 'rotate_key':
      case 'revoke_key':
        this.keys.set(ref(accountId, operation.id), { accountId, id: operation.id })
        if (operation.kind === 'revoke_key' && operation.isWhole) {
          this.#made(accountId, { kind: 'key', id: operation.id })
        }
        return
      case 'revoke_own_key':
        if (operation.isWhole) this.#made(accountId, { kind: 'key', id: keyId })
        return
      default:
        return
    }
    if ('idempotency' in operation && operation.idempotency !== undefined) {
      const { hash } = operation.idempotency
      this.replies.set(replyRef(accountId, keyId, hash), { accountId, keyId, hash })
    }
  }

  /** Whoever made a seed, who must still be there. */
  addMaker(accountId: number | undefined, maker: Principal | undefined): void {
    if (accountId === undefined || maker === undefined) return
    if (maker.kind === 'key') this.keys.set(ref(accountId, maker.id), { accountId, id: maker.id })
    if (maker.kind === 'user') this.addUser(accountId, maker.id)
  }

  /** Whose session it is. */
  addUser(accountId: number, id: number): void {
    this.users.set(ref(accountId, id), { accountId, id })
  }

  #made(accountId: number, maker: MakerRef): void {
    this.makers.push({ accountId, ...maker })
    if (maker.kind === 'key') this.keys.set(ref(accountId, maker.id), { accountId, id: maker.id })
    else this.users.set(ref(accountId, maker.id), { accountId, id: maker.id })
  }

  /** With the open sessions. */
  #user(accountId: number, id: number): void {
    this.addUser(accountId, id)
    this.sessionsOf.set(ref(accountId, id), { accountId, id })
  }

  /** All factors of the user, and whoever has those that are to be given. */
  #proof(accountId: number, userId: number, { spend }: Proof, add: readonly NewFactor[]): void {
    this.factorsOf.set(ref(accountId, userId), { accountId, id: userId })
    for (const { lookup } of add) if (lookup !== null) this.lookups.add(lookup)
    this.#spend(accountId, spend)
  }

  #spend(accountId: number, spend: Proof['spend']): void {
    if (spend !== undefined) this.spent.set(ref(accountId, spend.hash), { accountId, hash: spend.hash })
  }

  #place(accountId: number, { id, list }: { readonly id: IdOrName; readonly list?: IdOrName | undefined }): void {
    this.#secret(accountId, id)
    if (list !== undefined) this.#list(accountId, list)
  }

  #secret(accountId: number, id: IdOrName): void {
    if (typeof id === 'number') this.secrets.set(ref(accountId, id), { accountId, id })
    else this.secretNames.set(ref(accountId, id), { accountId, name: id })
  }

  #list(accountId: number, list: IdOrName): void {
    if (typeof list === 'number') this.lists.set(ref(accountId, list), { accountId, id: list })
    else this.listNames.set(ref(accountId, list), { accountId, name: list })
  }

  #target(accountId: number, target: string): void {
    this.targets.set(ref(accountId, target), { accountId, name: target })
  }

  #exchange(accountId: number, ruleId: number, hash: string | undefined): void {
    this.trustRules.set(ref(accountId, ruleId), { accountId, id: ruleId })
    this.livingKeys.set(ref(accountId, ruleId), { accountId, id: ruleId })
    if (hash !== undefined) this.usedTokens.set(usedRef(accountId, ruleId, hash), { accountId, ruleId, hash })
  }

  #email(accountId: number, email: string | null): void {
    if (email !== null) this.emails.set(ref(accountId, email), { accountId, email })
  }

  #newName(accountId: number, name: string): void {
    this.names.set(ref(accountId, name), { accountId, name })
  }

  #history(accountId: number, id: number): void {
    this.secrets.set(ref(accountId, id), { accountId, id })
    this.histories.set(ref(accountId, id), { accountId, id })
  }
}
