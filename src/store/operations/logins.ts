/** Commands that ask for an API key (RFC 8628): begun, shown to a person, confirmed or refused, asked about, called off. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { unreachable } from '../../errors.ts'
import type { ApiKey } from '../../model/api-key.ts'
import {
  firstIntervalSeconds,
  isOpenLogin,
  type Login,
  loginLingersMs,
  polled,
  secretScopes,
} from '../../model/login.ts'
import { inNetworks } from '../../model/network.ts'
import { formatScope, parseScopes, type Scope } from '../../model/scope.ts'
import type { Unsealed } from '../coverage.ts'
import { exceeding, firstBeyond, type Handed } from '../decide/grants.ts'
import { objectOfKey } from '../decide/key-objects.ts'
import { noSession } from '../decide/sessions.ts'
import { type Call, done, put, putAccount, record, refuse, shutOut } from '../decide/work.ts'
import type { Outcome, Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { logins, overLogins } from '../tables/login.ts'
import { users } from '../tables/user.ts'
import { defineOperation, free } from './define.ts'
import { addKey, keyHanded, type NewKey } from './keys.ts'

/** A login before anybody has answered it. */
type NewLogin = Pick<
  Login,
  'accountId' | 'uid' | 'deviceHash' | 'codeHash' | 'host' | 'scopes' | 'lifetimeSeconds' | 'wantsNetwork'
> & { readonly lifetimeMs: number }

interface ByCode {
  /** The look-up hash of the user code. */
  readonly codeHash: string
}

const noAccount = 'No such account takes a login from here.'

/** By whoever runs the command: nobody knows who that is. */
const beginLogin = defineOperation<{ readonly login: NewLogin }, Login>()({
  kind: 'begin_login',
  action: 'login.begin',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { login }) => needs.loginWithCode(login.codeHash),
  decide: (call, { login: { lifetimeMs, ...login } }) => {
    const { world } = call.work
    if (login.accountId !== call.account.id) return { kind: 'outdated' }
    if (!inNetworks(call.account.networks, call.request.address)) return shutOut(call, null, 'not_found', noAccount)
    // No two that are open have the same code.
    if (find(call, login.codeHash) !== undefined) return { kind: 'outdated' }
    world.changes.drop(overLogins, { accountId: login.accountId, expiresAt: world.now - loginLingersMs })
    const account = world.get(accounts, call.account.id) ?? call.account
    putAccount(call.work, { ...account, nextKeyId: account.nextKeyId + 1 })
    const made = put(call.work, logins, {
      ...login,
      ...{ id: account.nextKeyId, address: call.request.address, createdAt: world.now },
      ...{ expiresAt: world.now + lifetimeMs, state: 'pending', userId: null, userGeneration: 0 },
      ...{ granted: [], networks: [], polledAt: 0, intervalSeconds: firstIntervalSeconds },
    })
    return done(call, objectOf(made), made)
  },
})

/** What a person is shown before they answer: what asks, and what it would get of them. */
interface Shown {
  readonly login: Login
  readonly granted: readonly Scope[]
}

const readLogin = defineOperation<ByCode, Shown>()({
  kind: 'read_login',
  action: 'login.read',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { codeHash }) => needs.loginWithCode(codeHash),
  decide: (call, { codeHash }) => {
    if (call.user === undefined) return noSession()
    const login = find(call, codeHash)
    if (login === undefined || !isAnswerable(call, login)) return unknown(call)
    return done(call, objectOf(login), { login, granted: grantedOf(call, login) })
  },
})

const confirmLogin = defineOperation<ByCode & { readonly bindsNetwork: boolean }, Shown>()({
  kind: 'confirm_login',
  action: 'login.confirm',
  scope: free,
  environment: 'none',
  delicate: true,
  grants: (call, { codeHash, bindsNetwork }) => {
    const login = find(call, codeHash)
    if (call.user === undefined || login?.state !== 'pending') return []
    const handed = handedTo(call, login, grantedOf(call, login), networksOf(login, bindsNetwork))
    return [{ ...handed, written: { field: 'scopes', before: login.scopes.length > 0 ? [] : handed.scopes } }]
  },
  needs: (needs, { codeHash }) => needs.loginWithCode(codeHash),
  decide: (call, { codeHash, bindsNetwork }) => {
    const { user } = call
    if (user === undefined) return noSession()
    const login = find(call, codeHash)
    if (login === undefined || !isAnswerable(call, login)) return unknown(call)
    const granted = grantedOf(call, login)
    if (login.state === 'approved') return done(call, objectOf(login), { login, granted }, 'replayed')
    if (granted.length === 0) {
      const message = 'You have no permission for secrets that this login could be given. Ask for others with --scope.'
      return refuse(call, objectOf(login), 'forbidden', message)
    }
    const approved = put(call.work, logins, {
      ...login,
      ...{ state: 'approved', userId: user.id, userGeneration: user.generation },
      ...{ granted: granted.map(formatScope), networks: networksOf(login, bindsNetwork) },
    })
    return done(call, objectOf(approved), { login: approved, granted })
  },
})

const refuseLogin = defineOperation<ByCode, Login>()({
  kind: 'refuse_login',
  action: 'login.refuse',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { codeHash }) => needs.loginWithCode(codeHash),
  decide: (call, { codeHash }) => {
    if (call.user === undefined) return noSession()
    const login = find(call, codeHash)
    if (login === undefined || !isAnswerable(call, login)) return unknown(call)
    const refused = put(call.work, logins, { ...login, state: 'refused' })
    return done(call, objectOf(refused), refused)
  },
})

/** What the command is told: how it stands, and once the key. */
export type Polled =
  | { readonly state: 'pending' | 'slow_down'; readonly login: Login }
  | { readonly state: 'refused' | 'expired' | 'used'; readonly login: Login }
  | { readonly state: 'granted'; readonly login: Login; readonly key: ApiKey }

interface Polling {
  /** Of the key that it gets, if it gets one. */
  readonly uid: string
  readonly tokenHash: string
}

/** By the command, with its device code. Recorded when it ends: a question that is answered "not yet" tells nothing. */
const pollLogin = defineOperation<Polling, Polled>()({
  kind: 'poll_login',
  action: 'login.redeem',
  scope: free,
  environment: 'none',
  delicate: false,
  // What the person may no longer give is none of it: the login is over then, which `decide` says.
  grants: (call, polling) => {
    const handed = handedBy(call, polling)
    return firstBeyond(call, 'none', handed) === undefined ? handed : []
  },
  needs: 'nothing',
  decide: (call, polling) => {
    const login = own(call)
    if (login === undefined) return { kind: 'outdated' }
    if (login.state !== 'redeemed' && login.expiresAt <= call.work.world.now) return told({ state: 'expired', login })
    switch (login.state) {
      case 'pending': {
        const { next, isTooSoon } = polled(login, call.work.world.now)
        return told({ state: isTooSoon ? 'slow_down' : 'pending', login: put(call.work, logins, next) })
      }
      case 'approved': {
        const beyond = exceeding(call, 'none', handedBy(call, polling))
        if (beyond === undefined) return redeem(call, login, polling)
        // For good: rights that come back wake nothing that was refused.
        return told({ state: 'refused', login: put(call.work, logins, { ...login, state: 'refused' }) })
      }
      case 'redeemed':
        return told({ state: 'used', login })
      case 'refused':
      case 'cancelled':
        return told({ state: 'refused', login })
      default:
        return unreachable(login.state)
    }
  },
})

/** By the command, which waits no longer. */
const cancelLogin = defineOperation<object, Login>()({
  kind: 'cancel_login',
  action: 'login.cancel',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call) => {
    const login = own(call)
    if (login === undefined) return { kind: 'outdated' }
    if (!isOpenLogin(login, call.work.world.now)) return done(call, objectOf(login), login)
    const cancelled = put(call.work, logins, { ...login, state: 'cancelled' })
    return done(call, objectOf(cancelled), cancelled)
  },
})

export const loginOperations = {
  [beginLogin.kind]: beginLogin,
  [readLogin.kind]: readLogin,
  [confirmLogin.kind]: confirmLogin,
  [refuseLogin.kind]: refuseLogin,
  [pollLogin.kind]: pollLogin,
  [cancelLogin.kind]: cancelLogin,
}

/** The one of a user code that is open, in the account of whoever asks. */
function find({ work, account }: Call, codeHash: string): Login | undefined {
  return [...work.world.all(logins)].find(
    (one) => one.accountId === account.id && one.codeHash === codeHash && isOpenLogin(one, work.world.now),
  )
}

/** Of the command that asks. */
function own({ work, account, principal }: Call): Login | undefined {
  return principal.kind === 'login' ? work.world.get(logins, account.id, principal.id) : undefined
}

/** The key that the login would be given now. */
function handedBy(call: Call, polling: Polling): readonly Handed[] {
  const login = own(call)
  const isGiven = login?.state === 'approved' && isOpenLogin(login, call.work.world.now)
  return isGiven ? [keyHanded(keyOf(call, login, polling), null)] : []
}

/** Nobody takes back, or sees, what another person has confirmed. */
function isAnswerable({ user }: Call, { state, userId }: Login): boolean {
  return state === 'pending' || userId === user?.id
}

/** Alike for a code that never was, one that is over, and one of another account or person. */
function unknown(call: Call): Refused {
  return refuse(call, null, 'not_found', 'No login waits for this code. It may have expired: run the command again.')
}

/** What it asks for; where it asks for nothing in particular, all that the person may do with secrets. */
function grantedOf({ scopes }: Call, { scopes: wanted }: Login): readonly Scope[] {
  if (wanted.length > 0) return parseScopes(wanted)
  const all = secretScopes(scopes).map(formatScope)
  return all.length === 0 ? [] : parseScopes(all)
}

function networksOf({ address }: Login, bindsNetwork: boolean): readonly string[] {
  return bindsNetwork ? [address] : []
}

function handedTo(call: Call, login: Login, scopes: readonly Scope[], networks: readonly string[]): Handed {
  const until = call.work.world.now + login.lifetimeSeconds * 1000
  return { thing: 'login', object: objectOf(login), written: null, scopes, networks, until, isOwner: false }
}

function told(result: Polled): Outcome<Polled> {
  return { kind: 'done', result }
}

function redeem(call: Call, login: Login, polling: Polling): Outcome<Polled> {
  const redeemed = put(call.work, logins, { ...login, state: 'redeemed' })
  const key = addKey(call, keyOf(call, login, polling))
  record({ ...call, action: 'key.create' }, objectOfKey(key), 'ok')
  return done(call, objectOf(redeemed), { state: 'granted', login: redeemed, key })
}

/** It stands as long as the person does who confirmed it: as they were then. */
function keyOf({ work, account }: Call, login: Login, { uid, tokenHash }: Polling): NewKey {
  const { now } = work.world
  const user = work.world.get(users, account.id, login.userId ?? 0)
  return {
    ...{ accountId: account.id, uid, tokenHash, name: `CLI on ${login.host}` },
    ...{ scopes: login.granted, networks: login.networks },
    ...{ createdAt: now, expiresAt: now + login.lifetimeSeconds * 1000, revokedAt: null },
    ...{ userId: null, confirmedAt: null, ruleId: null, isOwner: false, agent: '' },
    maker: { kind: 'user', id: login.userId ?? 0, name: user?.email ?? '' },
    makerGeneration: login.userGeneration,
  }
}

function objectOf({ id, uid, host, mac }: Unsealed<Login> & { readonly mac: Uint8Array }): AuditObject {
  return { kind: 'login', id, uid, name: host, version: null, hash: hash('sha256', mac, 'hex') }
}
