/** Which rows the operations of a batch name. */
import type { AddressRange } from '../model/address.ts'
import type { DeletedKind } from '../model/deleted.ts'
import type { Principal } from '../model/principal.ts'
import { customerKeyOf } from './customer-key-lookups.ts'
import { deletedById, deletedOfThing } from './deleted-lookups.ts'
import { environmentsOf } from './environment-lookups.ts'
import { loginsWithCode } from './login-lookups.ts'
import type { Lookup } from './lookup.ts'
import * as lookups from './lookups.ts'
import type { Before, MakerRef } from './made.ts'
import type { Idempotency, IdOrName, Place } from './naming.ts'
import type { NameRef, PlacedRef, Ref } from './refs.ts'
import type { At } from './rows.ts'
import { deliveriesById } from './webhook-lookups.ts'

const nothing: readonly never[] = []

/** A secret or a list: by its name in the first environment of a chain that has it. */
export interface Wanted {
  readonly accountId: number
  readonly chain: readonly number[]
  readonly id: IdOrName
}

/** What was deleted and is kept, with what is in it. */
export interface WantedDeleted {
  readonly accountId: number
  readonly id: number
  /** Of what is to be put back, what stands in the way is asked for too. */
  readonly restoring?: Restoring
}

export interface Restoring {
  /** What it is to be called, if another than before. */
  readonly name?: string | undefined
  /** The list that a secret is to go into, if another than before. */
  readonly list?: IdOrName | undefined
}

/** A look-up, and what is asked of it, each thing once. */
export interface Asked<Ref extends object> {
  readonly lookup: Lookup<Ref, unknown>
  readonly refs: Map<At, Ref>
}

/**
 * Each operation says what it needs (`needs` of its definition) in the account of its caller alone: it has no way to name
 * another's.
 */
export class Needs {
  #accountId = 0
  #keyId = 0
  /** The ids of the environment that is meant, and of its bases. */
  #chain: readonly number[] = nothing

  readonly #asked = new Map<object, Asked<object>>()

  /** Of secrets whose list is asked for too, and whose holders are counted: what leads to those is looked for first. */
  readonly withList: Wanted[] = []
  readonly held: Wanted[] = []
  /** Secrets that may be inherited: unless an environment before theirs in the chain has one of the same name. */
  readonly inherited: {
    readonly accountId: number
    readonly id: number
    readonly chain: readonly number[]
  }[] = []
  /** Secrets, and lists, that are to be called so, wherever they are. */
  readonly renamed: (Wanted & { readonly name: string })[] = []
  readonly renamedLists: (Wanted & { readonly name: string })[] = []
  readonly contents: (Wanted & { readonly after: number; readonly since?: number })[] = []
  readonly deletions: WantedDeleted[] = []
  readonly claimed: AddressRange[] = []
  readonly accountNames = new Set<string>()
  /** Accounts of which it is asked who is signed in. */
  readonly signedInTo = new Set<number>()
  /** Of whom it is asked what they made. */
  readonly makers: (MakerRef & { readonly accountId: number; readonly before: Before | undefined })[] = []
  /** What is ended as what somebody made: what leads to that is looked for too. */
  readonly madeParts: {
    readonly accountId: number
    readonly keys: readonly number[]
    readonly machines: readonly number[]
  }[] = []

  get asked(): Iterable<Asked<object>> {
    return this.#asked.values()
  }

  /** What is asked of a look-up. */
  refsOf<Ref extends object, Found>(lookup: Lookup<Ref, Found>): readonly Ref[] {
    const asked = this.#asked.get(lookup) as Asked<Ref> | undefined
    return asked === undefined ? nothing : [...asked.refs.values()]
  }

  /**
   * What is said next is needed by a caller of this account, with this key if any (else 0).
   *
   * @param chain the environment that is meant, by its id, and its bases: where names are looked up
   */
  turnTo(accountId: number, keyId: number, chain: readonly number[]): void {
    this.#accountId = accountId
    this.#keyId = keyId
    this.#chain = chain
  }

  /** What a look-up finds, by a row's id. */
  row<Found>(lookup: Lookup<Ref, Found>, id: number): void {
    this.#ask(lookup, this.#row(id))
  }

  named<Found>(lookup: Lookup<NameRef, Found>, name: string): void {
    this.#ask(lookup, { accountId: this.#accountId, name })
  }

  /** What has the name in the environment that is meant. */
  namedHere<Found>(lookup: Lookup<PlacedRef, Found>, name: string): void {
    this.namedIn(lookup, this.#chain[0] ?? 0, name)
  }

  /** What has the name in an environment, whichever is meant. */
  namedIn<Found>(lookup: Lookup<PlacedRef, Found>, environmentId: number, name: string): void {
    this.#ask(lookup, { accountId: this.#accountId, environmentId, name })
  }

  /** What has the name there, or in a base. */
  namedInChain<Found>(lookup: Lookup<PlacedRef, Found>, name: string): void {
    for (const environmentId of this.#chain) this.namedIn(lookup, environmentId, name)
  }

  /** All of the account. */
  ofAccount<Found>(lookup: Lookup<{ readonly accountId: number }, Found>): void {
    this.#ask(lookup, { accountId: this.#accountId })
  }

  secret(id: IdOrName): void {
    if (typeof id === 'string') {
      this.namedInChain(lookups.secretsNamed, id)
      return
    }
    this.row(lookups.secretsById, id)
    if (this.#chain.length > 1) this.inherited.push({ accountId: this.#accountId, id, chain: this.#chain })
  }

  list(list: IdOrName): void {
    if (typeof list === 'number') this.row(lookups.listsById, list)
    else this.namedHere(lookups.listsNamed, list)
  }

  /** The list, and whether another one has the name already that it is to get, where it is. */
  listToRename(list: IdOrName, name: string): void {
    this.list(list)
    this.list(name)
    this.renamedLists.push({ ...this.#within(), id: list, name })
  }

  /** The secret, and the list that it must be in. */
  place({ id, list }: Place): void {
    this.secret(id)
    if (list !== undefined) this.list(list)
  }

  /** The list that the secret is in. */
  listOfSecret(id: IdOrName): void {
    this.withList.push({ ...this.#within(), id })
  }

  /**
   * Every secret in the list, or as many as go in one part.
   *
   * @param after beyond this id
   * @param since after so many records of the trail, what was made, changed or moved is asked for too
   */
  contentsOf(list: IdOrName, after = 0, since?: number): void {
    this.contents.push({ ...this.#within(), id: list, after, ...(since === undefined ? {} : { since }) })
  }

  /** What was deleted and is kept, by the id of that deletion. */
  deletion(id: number): void {
    this.row(deletedById, id)
  }

  /** With what is in it, or the next part of that. */
  deletionWithContents(id: number): void {
    this.deletion(id)
    this.deletions.push({ accountId: this.#accountId, id })
  }

  /** With what is in it, and what stands in the way of restoring it. */
  restoring(id: number, restoring: Restoring = {}): void {
    this.deletion(id)
    this.deletions.push({ accountId: this.#accountId, id, restoring })
  }

  /** The value of a version of a secret that was deleted and is kept, by the id that it had. */
  deletedVersion(thing: number, version: number): void {
    this.#ask(lookups.sealedVersions, { ...this.#row(thing), version })
  }

  /** What is kept of something, by the id that it had. */
  deletedThing(kind: DeletedKind, id: number): void {
    this.#ask(deletedOfThing, { accountId: this.#accountId, kind, id })
  }

  /** Whether a secret of the environment has the name already. */
  newName(name: string): void {
    this.namedHere(lookups.named, name)
  }

  /** Whether a secret has the name already, where another one is that is to get it. */
  newNameOf(id: IdOrName, name: string): void {
    this.newName(name)
    this.renamed.push({ ...this.#within(), id, name })
  }

  /** Whether the environment has the name, or inherits it. */
  nameInChain(name: string): void {
    this.namedInChain(lookups.named, name)
  }

  /** How many deployments hold the secret. */
  holdersOf(id: IdOrName): void {
    this.held.push({ ...this.#within(), id })
  }

  /** The secret and the heads of its versions. */
  history(id: number): void {
    this.secret(id)
    this.row(lookups.versionsOf, id)
  }

  /** The value of a version. */
  sealedVersion(id: number, version: number): void {
    this.#ask(lookups.sealedVersions, { ...this.#row(id), version })
  }

  /** What was answered to an earlier request of the same key. */
  reply(idempotency: Idempotency | undefined): void {
    if (idempotency === undefined) return
    const { hash } = idempotency
    const [accountId, keyId] = [this.#accountId, this.#keyId]
    this.#ask(lookups.repliesTo, { accountId, keyId, hash })
  }

  /** The newest of the account. */
  accountKey(): void {
    this.ofAccount(lookups.newestAccountKey)
  }

  /** What the account keeps its key with, and the newest version of that. */
  customerKey(): void {
    this.ofAccount(customerKeyOf)
    this.accountKey()
  }

  /** Which versions of the account's key still wrap something. */
  versionsInUse(): void {
    this.ofAccount(lookups.accountKeysInUse)
  }

  /** All of the account, but for `default`. */
  environments(): void {
    this.ofAccount(environmentsOf)
  }

  machine(id: number): void {
    this.row(lookups.machinesById, id)
  }

  /** Whether a machine has the name already. */
  machineNamed(name: string): void {
    this.named(lookups.machinesNamed, name)
  }

  /** Whoever has any of these addresses, in any account. */
  claims(ranges: readonly AddressRange[]): void {
    this.claimed.push(...ranges)
  }

  settings(): void {
    this.ofAccount(lookups.settings)
  }

  /** How users sign in. */
  signInRules(): void {
    this.ofAccount(lookups.rules)
  }

  key(id: number): void {
    this.row(lookups.keys, id)
  }

  user(id: number): void {
    this.row(lookups.usersById, id)
  }

  /** Whoever of the account is signed in, and their sessions that have not expired. */
  signedIn(): void {
    this.ofAccount(lookups.livingSessions)
    this.signedInTo.add(this.#accountId)
  }

  /** Of the account, who can sign in. */
  owners(): void {
    this.ofAccount(lookups.ownersOf)
  }

  userAndSessions(id: number): void {
    this.user(id)
    this.row(lookups.sessionsOf, id)
  }

  /** Whoever of the account has this address. */
  email(email: string | null): void {
    if (email !== null) this.#ask(lookups.usersWith, { accountId: this.#accountId, email })
  }

  /** All of the user. */
  factors(userId: number): void {
    this.row(lookups.factorsOf, userId)
  }

  /** Whether anybody, of any account, has the factor already. */
  lookup(lookup: string | null): void {
    if (lookup !== null) this.#ask(lookups.takenLookups, { lookup })
  }

  /** Whether it was used up already. */
  spending(hash: string): void {
    this.#ask(lookups.spentOnes, { accountId: this.#accountId, hash })
  }

  /** Whatever login has the user code, open or over. */
  loginWithCode(hash: string): void {
    this.#ask(loginsWithCode, { accountId: this.#accountId, hash })
  }

  delivery(webhookId: number, id: number): void {
    this.#ask(deliveriesById, { accountId: this.#accountId, webhookId, id })
  }

  deployment(id: number): void {
    this.row(lookups.deploymentsById, id)
  }

  /** What the target holds. */
  target(target: string): void {
    this.namedHere(lookups.deploymentsTo, target)
  }

  seed(id: number): void {
    this.row(lookups.seedsById, id)
  }

  /** All of the account. */
  everyTrustRule(): void {
    this.ofAccount(lookups.trustRulesOf)
  }

  trustRule(id: number): void {
    this.row(lookups.trustRulesById, id)
  }

  /** The keys that would end with the rule. */
  keysOfTrustRule(id: number): void {
    this.row(lookups.keysOfRule, id)
  }

  /** How many keys of the rule are alive. */
  livingKeysOf(ruleId: number): void {
    this.row(lookups.livingKeys, ruleId)
  }

  /** Whether a token was traded under the rule already. */
  usedToken(ruleId: number, hash: string | undefined): void {
    if (hash === undefined) return
    this.#ask(lookups.usedOnes, { accountId: this.#accountId, ruleId, hash })
  }

  /** The maker, and all that they made; or what is left of it. */
  made(maker: MakerRef, before?: Before): void {
    this.makers.push({ accountId: this.#accountId, ...maker, before })
    if (maker.kind === 'key') this.key(maker.id)
    else this.user(maker.id)
  }

  /** All that the key made which asks, or what is left of it. */
  madeByCaller(before?: Before): void {
    this.made({ kind: 'key', id: this.#keyId }, before)
  }

  /** Some of what somebody made, and who made each, up to whoever was first. */
  madePart(part: { readonly keys: readonly number[]; readonly machines: readonly number[] }): void {
    this.madeParts.push({ accountId: this.#accountId, ...part })
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

  #ask<Ref extends object, Found>(lookup: Lookup<Ref, Found>, ref: Ref): void {
    const known = this.#asked.get(lookup)
    if (known !== undefined) known.refs.set(lookup.atOf(ref), ref)
    else this.#asked.set(lookup, { lookup: lookup as never, refs: new Map<At, object>([[lookup.atOf(ref), ref]]) })
  }

  #within() {
    return { accountId: this.#accountId, chain: this.#chain }
  }

  #row(id: number): Ref {
    return { accountId: this.#accountId, id }
  }
}
