/** Accounts as a whole: making one, reading what it is, finding out who asks in it. */
import { emptyHead } from '../../audit/chain.ts'
import type { AuditObject } from '../../audit/record.ts'
import type { Account, AccountKey } from '../../model/account.ts'
import type { ApiKey } from '../../model/api-key.ts'
import { firstEnvironmentId } from '../../model/environment.ts'
import type { Principal } from '../../model/principal.ts'
import { unplaced } from '../decide/environment.ts'
import { noVersion, reachOf } from '../decide/grants.ts'
import { type Call, done, put, putAccount, refused, type Work } from '../decide/work.ts'
import { accountKeys, accounts, newestAccountKeys } from '../tables/account.ts'
import { accountSettings } from '../tables/machine.ts'
import { signInRules } from '../tables/sign-in.ts'
import { defineFounding, defineOperation, freeUnfinished, overAll } from './define.ts'
import { addKey, type NewKey } from './keys.ts'

/** What a caller's key leads to. */
export interface Identified {
  readonly accountId: number
  readonly accountKey: AccountKey
  readonly key: ApiKey | undefined
  /** Who makes what is made. */
  readonly maker: Principal
  /** Whether it hands on what is an owner's alone. */
  readonly isOwner: boolean
  /** Of a user. */
  readonly generation: number
}

/** Only checks the key. Recorded when it is refused. */
const authenticate = defineOperation<object, Identified>()({
  kind: 'authenticate',
  action: 'authenticate',
  scope: freeUnfinished,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.accountKey(),
  sharing: true,
  decide: (call) => {
    const accountKey = call.work.world.find(newestAccountKeys, call.account.id)
    if (accountKey === undefined) return refused('integrity_failure', 'The account has no key.')
    const { key, principal: maker, user } = call
    const { isOwner } = reachOf(call)
    const generation = user?.generation ?? 0
    return { kind: 'done', result: { accountId: call.account.id, accountKey, key, maker, isOwner, generation } }
  },
})

const readAccount = defineOperation<object, Account>()({
  kind: 'read_account',
  action: 'account.read',
  scope: overAll('account:manage'),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call) => done(call, null, call.account),
})

interface Creation {
  readonly name: string
  /** The id that `accountKey` and `key` are bound to: must be the next one. */
  readonly id: number
  readonly accountKey: AccountKey
  readonly key: NewKey
}

/** A new account has no principal yet: the host makes it, and that is the first record of its chain. */
const createAccount = defineFounding<Creation, { readonly account: Account; readonly key: ApiKey }>()({
  kind: 'create_account',
  action: 'account.create',
  scope: 'host',
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { name }) => needs.newAccount(name),
  decide: (work, { id, name, accountKey, key }, host) => {
    const { world } = work
    if (world.accountNames.has(name)) {
      return refused('name_taken', 'An account of this name exists already. Choose another name.')
    }
    if (world.nextAccountId !== id || world.get(accounts, id) !== undefined) return { kind: 'outdated' }
    putAccount(work, {
      id,
      name,
      createdAt: world.now,
      nextSecretId: 1,
      nextKeyId: 1,
      nextListId: 1,
      nextMachineId: 1,
      nextUserId: 1,
      nextDeploymentId: 1,
      nextSeedId: 1,
      nextWebhookId: 1,
      nextTrustRuleId: 1,
      nextEnvironmentId: firstEnvironmentId,
      nextDeletedId: 1,
      auditSize: 0,
      auditHead: emptyHead(world.storeId, id),
      auditAt: 0,
      networks: [],
      machineNetworks: [],
    })
    // From the beginning, so that one which is missing is missed.
    put(work, accountSettings, { accountId: id, vmAuth: false, recoveryDays: 0 })
    put(work, signInRules, { accountId: id, isSecondFactorRequired: false, sso: null })
    const account = accountOf(work, id)
    world.put(accountKeys, accountKey)
    const principal = { kind: 'host', id: 0, name: host.caller.name } as const
    const call: Call = {
      ...{ work, request: host, account, principal, key: undefined, scopes: [], action: 'account.create' },
      ...unplaced,
    }
    const firstKey = addKey(call, key)
    const object: AuditObject = { kind: 'account', id, uid: null, name, ...noVersion }
    return done(call, object, { account, key: firstKey })
  },
})

export const accountOperations = {
  [authenticate.kind]: authenticate,
  [readAccount.kind]: readAccount,
}

/** What makes an account, and so is in none. */
export const foundingOperations = {
  [createAccount.kind]: createAccount,
}

function accountOf({ world }: Work, id: number): Account {
  const account = world.get(accounts, id)
  if (account === undefined) throw new Error('The account was just put.')
  return account
}
