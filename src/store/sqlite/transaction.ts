/** One batch's transaction on SQLite: prepared statements, one row at a time, all in this process. */
import type { Account, AccountKey } from '../../model/account.ts'
import type { AddressRange } from '../../model/address.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { Deployment } from '../../model/deployment.ts'
import type { List } from '../../model/list.ts'
import { type AccountSettings, type Machine, rangesOf } from '../../model/machine.ts'
import type { Seed } from '../../model/seed.ts'
import type { TrustRule } from '../../model/trust-rule.ts'
import { type AccountKeyRow, toAccountKey } from '../account-key-rows.ts'
import { type JoinedRow, type SeedRow, toDeployments, toSeed } from '../deployment-rows.ts'
import type { KeyMaker, Transaction } from '../loaders.ts'
import type { EmailRef, NameRef, Ref, ReplyRef, SpentRef, UsedRef, VersionRef } from '../needs.ts'
import * as rows from '../rows.ts'
import type { StoredSecret } from '../stored.ts'
import * as people from '../user-rows.ts'
import { type Changes, type Claim, type Fate, ref, replyLifetimeMs, type SealedVersion } from '../world.ts'
import { applyDeployments } from './deployment-changes.ts'
import { all, type Statements } from './statements.ts'
import * as trust from './trust.ts'
import { applyFactors, applyUsers } from './user-changes.ts'

export class SqliteTransaction implements Transaction {
  readonly #statements: Statements

  constructor(statements: Statements) {
    this.#statements = statements
  }

  /** `BEGIN IMMEDIATE` has locked the whole store already. */
  lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): Account[] {
    const { account, accountOfToken } = this.#statements
    const found = [
      ...ids.flatMap((id) => all<rows.AccountRow>(account, id)),
      ...tokenHashes.flatMap((hash) => all<rows.AccountRow>(accountOfToken, hash)),
    ]
    return found.map(rows.toAccount)
  }

  now(): number {
    return Date.now()
  }

  keysByToken(tokenHashes: readonly string[]): ApiKey[] {
    return tokenHashes.flatMap((hash) => all<rows.ApiKeyRow>(this.#statements.keyByToken, hash)).map(rows.toApiKey)
  }

  accountKeys(ids: readonly number[]): AccountKey[] {
    return ids.flatMap((id) => all<AccountKeyRow>(this.#statements.accountKey, id)).map(toAccountKey)
  }

  accountKeysInUse(accountId: number): number[] {
    return all<{ version: number }>(this.#statements.accountKeysInUse, accountId).map(({ version }) => version)
  }

  users(accountIds: readonly number[]): people.User[] {
    return accountIds.flatMap((id) => all<people.UserRow>(this.#statements.users, id)).map(people.toUser)
  }

  usersOfRefs(refs: readonly Ref[]): people.User[] {
    const { user } = this.#statements
    return refs.flatMap(({ accountId, id }) => all<people.UserRow>(user, accountId, id)).map(people.toUser)
  }

  usersWith(emails: readonly EmailRef[]): people.User[] {
    const { userWith } = this.#statements
    return emails.flatMap(({ accountId, email }) => all<people.UserRow>(userWith, accountId, email)).map(people.toUser)
  }

  sessionsOf(users: readonly Ref[]): ApiKey[] {
    const { sessionsOf } = this.#statements
    return users.flatMap(({ accountId, id }) => all<rows.ApiKeyRow>(sessionsOf, accountId, id)).map(rows.toApiKey)
  }

  factorsOf(users: readonly Ref[]): people.Factor[] {
    const { factorsOf } = this.#statements
    return users.flatMap(({ accountId, id }) => all<people.FactorRow>(factorsOf, accountId, id)).map(people.toFactor)
  }

  takenLookups(lookups: readonly string[]): string[] {
    const { factorWith } = this.#statements
    return lookups.flatMap((one) => all<{ lookup: string }>(factorWith, one)).map(({ lookup }) => lookup)
  }

  spent(refs: readonly SpentRef[]): SpentRef[] {
    return refs.filter(({ accountId, hash }) => all(this.#statements.spent, accountId, hash).length > 0)
  }

  rules(accountIds: readonly number[]): people.SignInRules[] {
    return accountIds.flatMap((id) => all<people.RulesRow>(this.#statements.rules, id)).map(people.toRules)
  }

  keys(refs: readonly Ref[]): ApiKey[] {
    const { key } = this.#statements
    return refs.flatMap(({ accountId, id }) => all<rows.ApiKeyRow>(key, accountId, id)).map(rows.toApiKey)
  }

  keysMadeBy(makers: readonly KeyMaker[]): ApiKey[] {
    const { keysMadeBy } = this.#statements
    return makers
      .flatMap(({ accountId, kind, id }) => all<rows.ApiKeyRow>(keysMadeBy, accountId, kind, id))
      .map(rows.toApiKey)
  }

  secrets(refs: readonly Ref[]): StoredSecret[] {
    const { secret } = this.#statements
    const found = refs.flatMap(({ accountId, id }) => all<rows.StoredSecretRow>(secret, accountId, id))
    return found.map(rows.toStoredSecret)
  }

  accountsAt(addresses: readonly string[]): number[] {
    return this.claims(addresses.map((address) => ({ first: address, last: address }))).map(
      ({ accountId }) => accountId,
    )
  }

  /** `BEGIN IMMEDIATE` has locked the whole store already. */
  claims(ranges: readonly AddressRange[]): Claim[] {
    const { claimsMeeting } = this.#statements
    const found = ranges.flatMap(({ first, last }) => all<rows.ClaimRow>(claimsMeeting, last, first))
    return found.map(rows.toClaim)
  }

  machinesOf(accountId: number): Machine[] {
    return all<rows.MachineRow>(this.#statements.machinesOf, accountId).map(rows.toMachine)
  }

  settings(accountIds: readonly number[]): AccountSettings[] {
    const { settings } = this.#statements
    return accountIds.flatMap((id) => all<rows.SettingsRow>(settings, id)).map(rows.toSettings)
  }

  accountsOfSeeds(tokenHashes: readonly string[]): number[] {
    return this.seedsByToken(tokenHashes).map(({ accountId }) => accountId)
  }

  seedsByToken(tokenHashes: readonly string[]): Seed[] {
    return tokenHashes.flatMap((hash) => all<SeedRow>(this.#statements.seedByToken, hash)).map(toSeed)
  }

  seeds(refs: readonly Ref[]): Seed[] {
    return refs.flatMap(({ accountId, id }) => all<SeedRow>(this.#statements.seed, accountId, id)).map(toSeed)
  }

  trustRulesOf(accountIds: readonly number[]): TrustRule[] {
    return trust.trustRulesOf(this.#statements, accountIds)
  }

  trustRules(refs: readonly Ref[]): TrustRule[] {
    return trust.trustRules(this.#statements, refs)
  }

  keysOfRules(rules: readonly Ref[]): ApiKey[] {
    return trust.keysOfRules(this.#statements, rules)
  }

  livingKeys(rules: readonly Ref[], now: number): (Ref & { count: number })[] {
    return trust.livingKeys(this.#statements, rules, now)
  }

  usedTokens(refs: readonly UsedRef[]): UsedRef[] {
    return trust.usedTokens(this.#statements, refs)
  }

  deployments(refs: readonly Ref[]): Deployment[] {
    const { deployment } = this.#statements
    return toDeployments(refs.flatMap(({ accountId, id }) => all<JoinedRow>(deployment, accountId, id)))
  }

  deploymentsTo(targets: readonly NameRef[]): Deployment[] {
    const { deploymentTo } = this.#statements
    return toDeployments(targets.flatMap(({ accountId, name }) => all<JoinedRow>(deploymentTo, accountId, name)))
  }

  holders(secrets: readonly Ref[]): (Ref & { count: number })[] {
    const { holders } = this.#statements
    return secrets.flatMap((one) =>
      all<{ count: number }>(holders, one.accountId, one.id).map(({ count }) => ({ ...one, count })),
    )
  }

  holdersOfList({ accountId, id }: Ref): number {
    const [found] = all<{ count: number }>(this.#statements.holdersOfList, accountId, id)
    return found?.count ?? 0
  }

  secretsNamed(refs: readonly NameRef[]): StoredSecret[] {
    const { secretOfName } = this.#statements
    const found = refs.flatMap(({ accountId, name }) => all<rows.StoredSecretRow>(secretOfName, accountId, name))
    return found.map(rows.toStoredSecret)
  }

  secretsOfList({ accountId, id }: Ref): StoredSecret[] {
    return all<rows.StoredSecretRow>(this.#statements.secretsOfList, accountId, id).map(rows.toStoredSecret)
  }

  lists(refs: readonly Ref[]): List[] {
    const { list } = this.#statements
    return refs.flatMap(({ accountId, id }) => all<rows.ListRow>(list, accountId, id)).map(rows.toList)
  }

  listsNamed(refs: readonly NameRef[]): List[] {
    const { listNamed } = this.#statements
    return refs.flatMap(({ accountId, name }) => all<rows.ListRow>(listNamed, accountId, name)).map(rows.toList)
  }

  named(refs: readonly NameRef[]): (NameRef & Ref)[] {
    const { secretNamed } = this.#statements
    return refs.flatMap(({ accountId, name }) =>
      all<{ id: number }>(secretNamed, accountId, name).map(({ id }) => ({ accountId, name, id })),
    )
  }

  versions(refs: readonly Ref[]): rows.VersionRowHead[] {
    const { versionHeads } = this.#statements
    return refs
      .flatMap(({ accountId, id }) => all<rows.VersionHeadRow>(versionHeads, accountId, id))
      .map(rows.toVersionHead)
  }

  sealed(refs: readonly VersionRef[]): (VersionRef & SealedVersion)[] {
    const { sealedVersion } = this.#statements
    return refs.flatMap((one) =>
      all<SealedVersion>(sealedVersion, one.accountId, one.id, one.version).map((found) => ({ ...one, ...found })),
    )
  }

  replies(refs: readonly ReplyRef[], since: number): rows.Reply[] {
    const { reply } = this.#statements
    return refs
      .flatMap(({ accountId, keyId, hash }) => all<rows.ReplyRow>(reply, accountId, keyId, hash, since))
      .map(rows.toReply)
  }

  newAccounts(names: readonly string[]): { taken: string[]; nextId: number } {
    const { accountNamed, nextAccountId } = this.#statements
    const taken = names.flatMap((name) => all<{ name: string }>(accountNamed, name)).map(({ name }) => name)
    return { taken, nextId: all<{ id: number }>(nextAccountId)[0]?.id ?? 1 }
  }

  apply(changes: Changes, keepVersions: number, now: number): void {
    this.#applyAccounts(changes)
    trust.applyTrust(this.#statements, changes, now)
    this.#applyKeys(changes)
    this.#freeNames(changes)
    this.#applyLists(changes)
    this.#applyMachines(changes)
    applyUsers(this.#statements, changes)
    applyFactors(this.#statements, changes)
    applyDeployments(this.#statements, changes)
    this.#applySecrets(changes, keepVersions)
    this.#applyReplies(changes)
    this.#applyRecords(changes)
  }

  #applyAccounts({ accounts, accountKeys, changedAccountKeys, droppedAccountKeys }: Changes): void {
    const { insertAccount, updateAccount, insertAccountKey, updateAccountKey, dropAccountKey } = this.#statements
    for (const { existed, row } of accounts.values()) {
      if (row === null) continue
      const { id, name, createdAt, nextSecretId, nextKeyId, nextListId, nextMachineId, nextUserId } = row
      const { nextDeploymentId, nextSeedId, nextTrustRuleId } = row
      const { auditSize, auditHead, auditAt, mac } = row
      const audit = [auditSize, auditHead, auditAt] as const
      const counters = [nextListId, nextMachineId, nextUserId, nextDeploymentId, nextSeedId, nextTrustRuleId] as const
      const networks = [row.networks.join(' '), row.machineNetworks.join(' ')] as const
      if (existed) updateAccount.run(nextSecretId, nextKeyId, ...audit, ...counters, mac, ...networks, id)
      else insertAccount.run(id, name, createdAt, nextSecretId, nextKeyId, ...audit, ...counters, mac, ...networks)
    }
    for (const { accountId, version, wrapped, uses } of accountKeys) {
      insertAccountKey.run(accountId, version, wrapped, uses)
    }
    for (const { accountId, version, wrapped, uses } of changedAccountKeys.values()) {
      updateAccountKey.run(wrapped, uses, accountId, version)
    }
    for (const { accountId, version } of droppedAccountKeys) dropAccountKey.run(accountId, version)
  }

  #applyKeys({ keys }: Changes): void {
    const { insertKey, updateKey } = this.#statements
    for (const { existed, row: key } of keys.values()) {
      if (key === null) continue
      const { accountId, id, expiresAt, revokedAt, lastUsedAt, mac } = key
      if (existed) updateKey.run(expiresAt, revokedAt, lastUsedAt, mac, key.confirmedAt, accountId, id)
      else {
        insertKey.run(
          accountId,
          id,
          key.uid,
          key.name,
          key.tokenHash,
          key.scopes.join(' '),
          key.networks.join(' '),
          key.createdAt,
          expiresAt,
          revokedAt,
          lastUsedAt,
          mac,
          key.userId,
          key.confirmedAt,
          key.agent,
          key.ruleId,
          ...rows.makerValues(key.maker),
          key.isOwner ? 1 : 0,
        )
      }
    }
  }

  /** Nothing is called by a name with a blank: then the rows can get their new names in any order. */
  #freeNames({ renamed }: Changes): void {
    const { freeSecretName, freeListName } = this.#statements
    for (const { table, accountId, id } of renamed)
      (table === 'lists' ? freeListName : freeSecretName).run(accountId, id)
  }

  #applyMachines({ machines, settings }: Changes): void {
    const { insertMachine, deleteMachine, insertClaim, deleteClaims, putSettings } = this.#statements
    for (const [at, { existed, row }] of machines) {
      if (row !== null || !existed) continue
      const [accountId, id] = at.split(' ').map(Number) as [number, number]
      deleteClaims.run(accountId, id)
      deleteMachine.run(accountId, id)
    }
    for (const { existed, row } of machines.values()) {
      if (row === null || existed) continue
      const { accountId, id, uid, name, addresses, scopes, createdAt, mac, maker } = row
      const made = [createdAt, mac, ...rows.makerValues(maker)] as const
      insertMachine.run(accountId, id, uid, name, addresses.join(' '), scopes.join(' '), ...made)
      for (const { first, last } of rangesOf(row)) insertClaim.run(first, last, accountId, id)
    }
    for (const { accountId, vmAuth, mac } of settings.values()) putSettings.run(accountId, vmAuth ? 1 : 0, mac)
  }

  #applyLists({ lists }: Changes): void {
    const { insertList, updateList, deleteList } = this.#statements
    for (const [at, { existed, row }] of lists) {
      if (row === null) {
        if (existed) deleteList.run(...(at.split(' ').map(Number) as [number, number]))
        continue
      }
      const { accountId, id, uid, name, createdAt, updatedAt, mac } = row
      if (existed) updateList.run(name, updatedAt, mac, accountId, id)
      else insertList.run(accountId, id, uid, name, createdAt, updatedAt, mac)
    }
  }

  /** What is deleted goes first: its name may be taken again in the same batch. */
  #applySecrets({ secrets, versions, rewrapped }: Changes, keepVersions: number): void {
    const { deleteSecret, deleteSecretKey, deleteVersions, insertVersion, pruneVersions, rewrapSecretKey } =
      this.#statements
    for (const { accountId, id, key } of rewrapped) rewrapSecretKey.run(key.keyVersion, key.wrapped, accountId, id)
    for (const [at, { existed, row }] of secrets) {
      if (row !== null || !existed) continue
      const [accountId, id] = at.split(' ').map(Number) as [number, number]
      deleteVersions.run(accountId, id)
      deleteSecretKey.run(accountId, id)
      deleteSecret.run(accountId, id)
    }
    for (const fate of secrets.values()) this.#putSecret(fate)
    for (const { accountId, secretId, version, createdAt, sealed, name, mac } of versions) {
      const newest = secrets.get(ref(accountId, secretId))?.row?.secret.version
      if (newest !== undefined && version > newest - keepVersions) {
        insertVersion.run(accountId, secretId, version, createdAt, sealed, name, mac)
      }
    }
    for (const { existed, row } of secrets.values()) {
      if (existed && row !== null)
        pruneVersions.run(row.secret.accountId, row.secret.id, row.secret.version - keepVersions)
    }
  }

  #putSecret({ existed, row }: Fate<StoredSecret>): void {
    if (row === null) return
    const { insertSecret, insertSecretKey, updateSecret } = this.#statements
    const { accountId, id, uid, name, version, createdAt, updatedAt, mac, listId, type, expiresAt } = row.secret
    const { filename, description } = row.secret
    const tags = row.secret.tags.join(' ')
    if (existed) {
      updateSecret.run(name, version, updatedAt, mac, listId, filename, description, tags, expiresAt, accountId, id)
    } else {
      const details = [listId, type, filename, description, tags, expiresAt] as const
      insertSecret.run(accountId, id, uid, name, version, createdAt, updatedAt, mac, ...details)
      insertSecretKey.run(accountId, id, row.key.keyVersion, row.key.wrapped)
    }
  }

  #applyReplies({ replies }: Changes): void {
    const { insertReply, pruneReplies } = this.#statements
    for (const { accountId, keyId, hash, fingerprint, secret, createdAt, mac } of replies) {
      pruneReplies.run(accountId, createdAt - replyLifetimeMs)
      insertReply.run(accountId, keyId, hash, fingerprint, JSON.stringify(secret), createdAt, mac)
    }
  }

  #applyRecords({ records }: Changes): void {
    const { insertRecord } = this.#statements
    for (const record of records) insertRecord.run(...rows.recordValues(record))
  }
}
