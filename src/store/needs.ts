/** Which rows the operations of a batch name. */
import type { AddressRange } from '../model/address.ts'
import type { Principal } from '../model/principal.ts'
import type { MakerRef } from './made.ts'
import type { Idempotency, IdOrName, Place } from './naming.ts'
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

/**
 * Each operation says what it needs (`needs` of its definition) in the account of its caller alone: it has no way to name
 * another's.
 */
export class Needs {
  #accountId = 0
  #keyId = 0

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

  /** What is said next is needed by a caller of this account, with this key if any (else 0). */
  turnTo(accountId: number, keyId: number): void {
    this.#accountId = accountId
    this.#keyId = keyId
  }

  secret(id: IdOrName): void {
    if (typeof id === 'number') this.secrets.set(this.#ref(id), this.#row(id))
    else this.secretNames.set(this.#ref(id), { accountId: this.#accountId, name: id })
  }

  list(list: IdOrName): void {
    if (typeof list === 'number') this.lists.set(this.#ref(list), this.#row(list))
    else this.listNames.set(this.#ref(list), { accountId: this.#accountId, name: list })
  }

  /** The secret, and the list that it must be in. */
  place({ id, list }: Place): void {
    this.secret(id)
    if (list !== undefined) this.list(list)
  }

  /** The list that the secret is in. */
  listOfSecret(id: IdOrName): void {
    this.withList.push({ accountId: this.#accountId, id })
  }

  /** Every secret in the list. */
  contentsOf(list: IdOrName): void {
    this.contents.push({ accountId: this.#accountId, id: list })
  }

  /** Whether a secret has the name already. */
  newName(name: string): void {
    this.names.set(this.#ref(name), { accountId: this.#accountId, name })
  }

  /** How many deployments hold the secret. */
  holdersOf(id: IdOrName): void {
    this.held.push({ accountId: this.#accountId, id })
  }

  /** The secret and the heads of its versions. */
  history(id: number): void {
    this.secrets.set(this.#ref(id), this.#row(id))
    this.histories.set(this.#ref(id), this.#row(id))
  }

  /** The value of a version. */
  sealedVersion(id: number, version: number): void {
    this.sealed.set(versionRef(this.#accountId, id, version), { ...this.#row(id), version })
  }

  /** What was answered to an earlier request of the same key. */
  reply(idempotency: Idempotency | undefined): void {
    if (idempotency === undefined) return
    const { hash } = idempotency
    const [accountId, keyId] = [this.#accountId, this.#keyId]
    this.replies.set(replyRef(accountId, keyId, hash), { accountId, keyId, hash })
  }

  /** The newest of the account. */
  accountKey(): void {
    this.accountKeys.add(this.#accountId)
  }

  /** Which versions of the account's key still wrap something. */
  versionsInUse(): void {
    this.keysInUse.add(this.#accountId)
  }

  /** All of the account. */
  machines(): void {
    this.machinesOf.add(this.#accountId)
  }

  /** Whoever has any of these addresses, in any account. */
  claims(ranges: readonly AddressRange[]): void {
    this.claimed.push(...ranges)
  }

  settings(): void {
    this.settingsOf.add(this.#accountId)
  }

  /** How users sign in. */
  signInRules(): void {
    this.rulesOf.add(this.#accountId)
  }

  key(id: number): void {
    this.keys.set(this.#ref(id), this.#row(id))
  }

  user(id: number): void {
    this.users.set(this.#ref(id), this.#row(id))
  }

  /** All of the account. */
  everyUser(): void {
    this.usersOf.add(this.#accountId)
  }

  userAndSessions(id: number): void {
    this.user(id)
    this.sessionsOf.set(this.#ref(id), this.#row(id))
  }

  /** Whoever of the account has this address. */
  email(email: string | null): void {
    if (email !== null) this.emails.set(this.#ref(email), { accountId: this.#accountId, email })
  }

  /** All of the user. */
  factors(userId: number): void {
    this.factorsOf.set(this.#ref(userId), this.#row(userId))
  }

  /** Whether anybody, of any account, has the factor already. */
  lookup(lookup: string | null): void {
    if (lookup !== null) this.lookups.add(lookup)
  }

  /** Whether it was used up already. */
  spending(hash: string): void {
    this.spent.set(this.#ref(hash), { accountId: this.#accountId, hash })
  }

  deployment(id: number): void {
    this.deployments.set(this.#ref(id), this.#row(id))
  }

  /** What the target holds. */
  target(target: string): void {
    this.targets.set(this.#ref(target), { accountId: this.#accountId, name: target })
  }

  seed(id: number): void {
    this.seeds.set(this.#ref(id), this.#row(id))
  }

  /** All of the account. */
  everyTrustRule(): void {
    this.trustRulesOf.add(this.#accountId)
  }

  trustRule(id: number): void {
    this.trustRules.set(this.#ref(id), this.#row(id))
  }

  /** The keys that would end with the rule. */
  keysOfTrustRule(id: number): void {
    this.keysOfRules.set(this.#ref(id), this.#row(id))
  }

  /** How many keys of the rule are alive. */
  livingKeysOf(ruleId: number): void {
    this.livingKeys.set(this.#ref(ruleId), this.#row(ruleId))
  }

  /** Whether a token was traded under the rule already. */
  usedToken(ruleId: number, hash: string | undefined): void {
    if (hash === undefined) return
    this.usedTokens.set(usedRef(this.#accountId, ruleId, hash), { accountId: this.#accountId, ruleId, hash })
  }

  /** The maker, and all that they made. */
  made(maker: MakerRef): void {
    this.makers.push({ accountId: this.#accountId, ...maker })
    if (maker.kind === 'key') this.key(maker.id)
    else this.user(maker.id)
  }

  /** All that the key made which asks. */
  madeByCaller(): void {
    this.made({ kind: 'key', id: this.#keyId })
  }

  /** Whoever made a seed, who must still be there. */
  maker(maker: Principal | undefined): void {
    if (maker?.kind === 'key') this.key(maker.id)
    if (maker?.kind === 'user') this.user(maker.id)
  }

  /** Whether an account has the name, and which id is the next. */
  newAccount(name: string): void {
    this.accountNames.add(name)
  }

  #ref(id: IdOrName): string {
    return ref(this.#accountId, id)
  }

  #row(id: number): Ref {
    return { accountId: this.#accountId, id }
  }
}
