/** Values that are copied from one environment into another, sealed anew: all of them, or none. */
import type { EnvironmentRef } from '../../model/environment.ts'
import { defaultList } from '../../model/list.ts'
import { allowsName } from '../../model/scope.ts'
import type { Details } from '../../model/secret.ts'
import { environmentNamed } from '../decide/environment.ts'
import { hasName } from '../decide/lists.ts'
import { type Call, forbid, type Listing, listingOf, noEnvironment, record, refuse } from '../decide/work.ts'
import * as lookups from '../lookups.ts'
import type { Needs } from '../needs.ts'
import type { Refused } from '../outcome.ts'
import type { StoredSecret } from '../stored.ts'
import { lists } from '../tables/list.ts'
import { storedSecrets } from '../tables/secret.ts'
import { countWraps } from './account-keys.ts'
import { defineOnce, defineOperation, overSome } from './define.ts'
import { holdersOf } from './deployments.ts'
import {
  addSecret,
  type Creation,
  isChangeable,
  isGoing,
  isSealedNow,
  isValueless,
  markOf,
  type NextVersion,
  needCreation,
  objectOf,
  putNextVersion,
  same,
  secretAt,
  severalOnce,
  unknownSecret,
} from './secrets.ts'

/** A secret where it is copied from: with the name of its list; or why it cannot be. */
export type Source =
  | { readonly stored: StoredSecret; readonly list: string | undefined }
  /** Whoever may list it is told that they may not read it; for all others it is not there. */
  | 'forbidden'
  | 'absent'

/** The row that something was prepared upon. */
export interface Upon {
  readonly id: number
  readonly version: number
  readonly rowMac: Uint8Array
}

/** One of those that are copied. */
export type CopyItem =
  | { readonly name: string; readonly fault: 'forbidden' | 'absent' | 'type' }
  | {
      readonly name: string
      readonly from: Upon
      /** What has the name where it is copied to; `undefined` where nothing has. */
      readonly to: Upon | undefined
      /** Whether its value was compared with the one that is there, which is a read of that. */
      readonly isCompared: boolean
      readonly change: Creation | { readonly next: NextVersion; readonly details: Details } | 'same'
    }

/** What became of one, or would. */
export interface Copied {
  readonly name: string
  readonly state: 'created' | 'replaced' | 'same' | 'refused'
  /** Where it is copied to; `null` for what is not there. */
  readonly id: number | null
  readonly version: number | null
  /** How many deployments hold an older version. */
  readonly stale: number
  /** Why it is refused. */
  readonly why: string | null
}

interface Copying {
  /** The environment that is copied from, by its name. */
  readonly from: string
  readonly items: readonly CopyItem[]
}

/** Finds what is to be copied, in the environment that it is copied from. Not recorded: what follows records each read. */
const prepareCopy = defineOperation<
  { readonly names: readonly string[] },
  Listing & { readonly found: readonly Source[] }
>()({
  kind: 'prepare_copy',
  action: 'secret.read',
  scope: overSome('secrets:read'),
  environment: 'meant',
  delicate: true,
  grants: 'nothing',
  needs: (needs, { names }) => {
    for (const name of names) {
      needs.secret(name)
      needs.listOfSecret(name)
    }
  },
  sharing: true,
  decide: (call, { names }) => ({
    kind: 'done',
    result: { ...listingOf(call), found: names.map((name) => sourceOf(call, name)) },
  }),
})

/** Finds what is there already where it goes: by whoever may write some of it. Not recorded, as above. */
const prepareCopyTo = defineOperation<
  { readonly names: readonly string[] },
  { readonly found: readonly (StoredSecret | undefined)[] }
>()({
  kind: 'prepare_copy_to',
  action: 'secret.update',
  scope: overSome('secrets:write'),
  environment: 'meant',
  delicate: true,
  grants: 'nothing',
  needs: (needs, { names }) => {
    for (const name of names) needs.secret(name)
  },
  sharing: true,
  decide: (call, { names }) => ({
    kind: 'done',
    result: { found: names.map((id) => (isChangeable(call, id) ? secretAt(call, { id }) : undefined)) },
  }),
})

/** Tells what a copy would do. Each that is compared is a recorded read. */
const previewCopy = defineOperation<Copying, readonly Copied[]>()({
  kind: 'preview_copy',
  action: 'secret.read',
  scope: overSome('secrets:write'),
  environment: 'meant',
  delicate: true,
  grants: 'nothing',
  needs: needCopies,
  sharing: true,
  decide: (call, operation) => {
    const from = environmentNamed(call, operation.from)
    if (from === undefined) return refuseUnknown(call)
    // What is refused was not prepared upon anything.
    const isReady = (item: CopyItem) => faultOf(call, from, item) !== undefined || isUponNow(call, from, item)
    if (!operation.items.every(isReady)) return { kind: 'outdated' }
    const result = operation.items.map((item): Copied => {
      const fault = faultOf(call, from, item)
      if ('fault' in item || fault !== undefined) return refusedOne(item.name, fault?.detail ?? '')
      recordReads(call, from, item)
      const { name, change, to } = item
      const there = to === undefined ? { id: null, version: null } : { id: to.id, version: to.version }
      return { name, ...there, state: stateOf(change), stale: 0, why: null }
    })
    return { kind: 'done', result }
  },
})

/** Each is a recorded read where it comes from, and a recorded change where it goes. */
const copySecrets = defineOnce<Copying, readonly Copied[]>()({
  kind: 'copy_secrets',
  action: 'secret.update',
  scope: overSome('secrets:write', (_call, { items: [first] }) =>
    first === undefined ? null : unknownSecret(first.name),
  ),
  environment: 'meant',
  delicate: true,
  grants: 'nothing',
  needs: needCopies,
  decide: (call, { from: name, items }) => {
    const from = environmentNamed(call, name)
    if (from === undefined) return refuseUnknown(call)
    const faults = items.flatMap((item) => {
      const fault = faultOf(call, from, item)
      return fault === undefined ? [] : [{ ...fault, name: item.name }]
    })
    const [first] = faults
    if (first !== undefined) return { ...refuseFirst(call, from, first), fields: faults.map(fieldOf) }
    // All of it is known to fit before anything is put.
    if (!items.every((item) => isUponNow(call, from, item))) return { kind: 'outdated' }
    const fresh = items.filter((item) => 'change' in item && typeof item.change === 'object' && 'uid' in item.change)
    const exhausted = fresh.length === 0 ? undefined : countWraps(call, fresh.length, unknownSecret(name))
    if (exhausted !== undefined) return exhausted
    return { kind: 'done', result: items.flatMap((item) => ('fault' in item ? [] : [copyOne(call, from, item)])) }
  },
  once: severalOnce((one) => one),
})

export const copyOperations = {
  [prepareCopy.kind]: prepareCopy,
  [prepareCopyTo.kind]: prepareCopyTo,
  [previewCopy.kind]: previewCopy,
  [copySecrets.kind]: copySecrets,
}

type Copyable = Extract<CopyItem, { readonly from: Upon }>

function sourceOf(call: Call, name: string): Source {
  const { scopes, environment, work, account } = call
  const stored = secretAt(call, { id: name })
  if (!allowsName(scopes, 'secrets:read', environment.name, name)) {
    const isSeen = stored !== undefined && allowsName(scopes, 'secrets:list', environment.name, name)
    return isSeen ? 'forbidden' : 'absent'
  }
  if (stored === undefined || isValueless(stored)) return 'absent'
  return { stored, list: work.world.get(lists, account.id, stored.secret.listId)?.name }
}

function needCopies(needs: Needs, { items }: Copying): void {
  for (const item of items) {
    needs.secret(item.name)
    needs.holdersOf(item.name)
    if ('fault' in item) continue
    needs.row(lookups.secretsById, item.from.id)
    if (typeof item.change !== 'object' || !('uid' in item.change)) continue
    needCreation(needs, item.change)
    // Where it goes if there is no list of that name.
    needs.list(defaultList)
  }
}

function refuseUnknown(call: Call): Refused {
  const object = { kind: 'environment', id: null, uid: null, name: null, version: null, hash: null } as const
  return refuse(call, object, 'not_found', noEnvironment)
}

interface Fault {
  readonly code: 'forbidden' | 'not_found' | 'invalid' | 'name_taken'
  readonly side: 'from' | 'to'
  readonly detail: string
}

const faults: Readonly<Record<'forbidden' | 'absent' | 'type' | 'going', Fault>> = {
  forbidden: {
    code: 'forbidden',
    side: 'from',
    detail: 'This API key lacks the scope secrets:read for this name where it is copied from.',
  },
  absent: { code: 'not_found', side: 'from', detail: 'No secret of this name is there to be copied.' },
  type: {
    code: 'invalid',
    side: 'to',
    detail: 'What is there is of another type: text, file or template. Delete it first.',
  },
  going: {
    code: 'name_taken',
    side: 'to',
    detail: 'A secret of this name is being deleted there, with its list. Copy it again in a moment.',
  },
}

/** Why one of them cannot be copied. */
function faultOf(call: Call, from: EnvironmentRef, item: CopyItem): Fault | undefined {
  const { scopes, environment } = call
  if ('fault' in item) return faults[item.fault]
  if (!allowsName(scopes, 'secrets:read', from.name, item.name)) return faults.forbidden
  if (!allowsName(scopes, 'secrets:write', environment.name, item.name)) {
    const detail = 'This API key lacks the scope secrets:write for this name where it is copied to.'
    return { code: 'forbidden', side: 'to', detail }
  }
  const isGone = secretAt(call, { id: item.name }, true) === undefined
  return isGone && hasName(call, item.name) ? faults.going : undefined
}

/** Recorded where it was refused. */
function refuseFirst(
  call: Call,
  from: EnvironmentRef,
  { code, side, detail, name }: Fault & { readonly name: string },
) {
  const there = side === 'from' ? { ...call, action: 'secret.read' as const, environment: from } : call
  if (code === 'forbidden')
    return forbid(there, unknownSecret(name), side === 'from' ? 'secrets:read' : 'secrets:write')
  return refuse(there, unknownSecret(name), code, `${name}: ${detail}`)
}

function fieldOf({ name, detail }: Fault & { readonly name: string }) {
  return { field: 'names', detail: `${name}: ${detail}` }
}

function refusedOne(name: string, why: string): Copied {
  return { name, state: 'refused', id: null, version: null, stale: 0, why }
}

/** Whether both are still what it was prepared upon. */
function isUponNow(call: Call, from: EnvironmentRef, item: CopyItem): boolean {
  if ('fault' in item) return true
  const source = storedFrom(call, from, item)
  if (source === undefined || !isUpon(item.from, source) || source.secret.name !== item.name) return false
  const there = secretAt(call, { id: item.name })
  if (item.to === undefined || there === undefined) {
    const isCreation = typeof item.change === 'object' && 'uid' in item.change
    return item.to === undefined && there === undefined && isCreation && isSealedNow(call, item.change)
  }
  const isNext = item.change === 'same' || ('next' in item.change && item.change.next.version === there.secret.version)
  return isNext && isUpon(item.to, there)
}

function storedFrom({ work, account }: Call, from: EnvironmentRef, item: Copyable): StoredSecret | undefined {
  const found = work.world.get(storedSecrets, account.id, item.from.id)
  if (found === undefined || found.secret.environmentId !== from.id || isGoing(work.world, found)) return undefined
  return found
}

function isUpon({ id, version, rowMac }: Upon, { secret }: StoredSecret): boolean {
  return id === secret.id && version === secret.version && same(rowMac, secret.mac)
}

function recordReads(call: Call, from: EnvironmentRef, item: Copyable): void {
  const source = storedFrom(call, from, item)
  if (source !== undefined) record({ ...call, action: 'secret.read', environment: from }, objectOf(source), 'ok')
  const there = secretAt(call, { id: item.name })
  if (item.isCompared && there !== undefined && !isValueless(there))
    record({ ...call, action: 'secret.read' }, objectOf(there), 'ok')
}

function stateOf(change: Copyable['change']): Copied['state'] {
  if (change === 'same') return 'same'
  return 'uid' in change ? 'created' : 'replaced'
}

/** Nothing is in its way. */
function copyOne(call: Call, from: EnvironmentRef, item: Copyable): Copied {
  recordReads(call, from, item)
  const { name, change } = item
  const state = stateOf(change)
  if (change !== 'same' && 'uid' in change) {
    // What holds a decoy's value is one.
    const decoy = storedFrom(call, from, item)?.secret.decoy ?? null
    const stored = addSecret(call, change, decoy)
    record({ ...call, action: 'secret.create' }, objectOf(stored), 'ok', markOf(null, decoy))
    return copiedOne(call, state, stored)
  }
  const there = secretAt(call, { id: name })
  if (there === undefined) throw new Error('It was there when it was looked at.')
  if (change === 'same') return copiedOne(call, state, there)
  const stored = putNextVersion(call, there, change.next.sealed, change.details)
  record({ ...call, action: 'secret.update' }, objectOf(stored), 'ok')
  return copiedOne(call, state, stored)
}

function copiedOne(call: Call, state: Copied['state'], { secret }: StoredSecret): Copied {
  const stale = state === 'replaced' ? holdersOf(call, secret.id) : 0
  return { name: secret.name, state, id: secret.id, version: secret.version, stale, why: null }
}
