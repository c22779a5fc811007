/** Loads only what is authentic: every row that has a MAC is checked as it comes, and what is not its own is noted. */
import type { SealedRows, SealedTable } from './coverage.ts'
import { type Forged, forgedRow } from './forged.ts'
import type { Result, Transaction } from './loaders.ts'
import type { RowMacs } from './row-macs.ts'
import type { StoredSecret } from './stored.ts'

/**
 * A transaction whose loaders check what they give. Each loader says here what it gives: a new one does not compile before.
 *
 * @param forged where what is not authentic, or lacks a part, is noted
 */
export function verified(tx: Transaction, macs: RowMacs, forged: Forged[]): Transaction {
  const checked = <Row>(found: Result<readonly Row[]>, check: (row: Row) => void): Result<readonly Row[]> => {
    const checkAll = (rows: readonly Row[]) => {
      for (const row of rows) check(row)
      return rows
    }
    return found instanceof Promise ? found.then(checkAll) : checkAll(found)
  }
  const rows = <Table extends SealedTable>(table: Table, found: Result<readonly SealedRows[Table][]>) =>
    checked(found, (row) => {
      if (!macs.isAuthentic(table, row)) forged.push(forgedRow(table, row))
    })
  const secrets = (found: Result<readonly StoredSecret[]>) =>
    checked(found, ({ secret, key, sealed }) => {
      const isWhole = key.wrapped.length > 0 && sealed.length > 0
      if (!isWhole || !macs.isAuthentic('secrets', secret)) forged.push(forgedRow('secrets', secret))
    })
  return {
    accountsAt: (addresses) => tx.accountsAt(addresses),
    claims: (ranges, lock) => tx.claims(ranges, lock),
    machinesOf: (accountId) => rows('machines', tx.machinesOf(accountId)),
    settings: (accountIds) => rows('account_settings', tx.settings(accountIds)),
    lockAccounts: (ids, tokenHashes) => rows('accounts', tx.lockAccounts(ids, tokenHashes)),
    now: () => tx.now(),
    keysByToken: (tokenHashes) => rows('api_keys', tx.keysByToken(tokenHashes)),
    accountKeys: (ids) => tx.accountKeys(ids),
    accountKeysInUse: (accountId) => tx.accountKeysInUse(accountId),
    keys: (refs) => rows('api_keys', tx.keys(refs)),
    keysMadeBy: (makers) => rows('api_keys', tx.keysMadeBy(makers)),
    users: (accountIds) => rows('users', tx.users(accountIds)),
    usersOfRefs: (refs) => rows('users', tx.usersOfRefs(refs)),
    usersWith: (emails) => rows('users', tx.usersWith(emails)),
    sessionsOf: (users) => rows('api_keys', tx.sessionsOf(users)),
    factorsOf: (users) => rows('factors', tx.factorsOf(users)),
    takenLookups: (lookups) => tx.takenLookups(lookups),
    spent: (refs) => tx.spent(refs),
    rules: (accountIds) => rows('sign_in_rules', tx.rules(accountIds)),
    accountsOfSeeds: (tokenHashes) => tx.accountsOfSeeds(tokenHashes),
    seedsByToken: (tokenHashes) => rows('seeds', tx.seedsByToken(tokenHashes)),
    seeds: (refs) => rows('seeds', tx.seeds(refs)),
    trustRulesOf: (accountIds) => rows('trust_rules', tx.trustRulesOf(accountIds)),
    trustRules: (refs) => rows('trust_rules', tx.trustRules(refs)),
    keysOfRules: (rules) => rows('api_keys', tx.keysOfRules(rules)),
    livingKeys: (rules, now) => tx.livingKeys(rules, now),
    usedTokens: (refs) => tx.usedTokens(refs),
    deployments: (refs) => rows('deployments', tx.deployments(refs)),
    deploymentsTo: (targets) => rows('deployments', tx.deploymentsTo(targets)),
    holders: (refs) => tx.holders(refs),
    holdersOfList: (list) => tx.holdersOfList(list),
    secrets: (refs) => secrets(tx.secrets(refs)),
    secretsNamed: (refs) => secrets(tx.secretsNamed(refs)),
    secretsOfList: (list) => secrets(tx.secretsOfList(list)),
    lists: (refs) => rows('lists', tx.lists(refs)),
    listsNamed: (refs) => rows('lists', tx.listsNamed(refs)),
    named: (refs) => tx.named(refs),
    versions: (refs) => rows('versions', tx.versions(refs)),
    sealed: (refs) => tx.sealed(refs),
    replies: (refs, since) => rows('replies', tx.replies(refs, since)),
    newAccounts: (names) => tx.newAccounts(names),
    apply: (changes, keepVersions, now) => tx.apply(changes, keepVersions, now),
  }
}
