/** What an API key or a user has made: by whoever may manage them. */
import type { AuditObject } from '../../audit/record.ts'
import { managesAccount, type Right } from '../../model/scope.ts'
import { objectOfKey } from '../decide/key-objects.ts'
import { endPart, type MadePart, madeBy } from '../decide/made.ts'
import { type Call, done, forbid } from '../decide/work.ts'
import type { Made, MakerRef } from '../made.ts'
import type { Ended } from '../outcome.ts'
import { defineOperation, type WithoutRight, type WithRight } from './define.ts'
import { findKey, unknownKey } from './keys.ts'
import { findUser, managed, objectOf as objectOfUser, unknownUser } from './users.ts'

interface Wanted {
  readonly maker: MakerRef
}

/** What the record says of it. */
interface Found {
  readonly object: AuditObject
}

const ofKey: WithRight<Wanted, Found> = {
  right: 'keys:manage',
  over: 'some',
  object: (_call, { maker }) => unknownKey(maker.id),
  subject: (call, { maker }) => {
    const found = findKey(call, maker.id)
    return 'kind' in found ? found : { object: objectOfKey(found) }
  },
}

/** Asks for its right itself: the record of a refusal has another action. */
const ofUser: WithoutRight<Wanted, Found> = {
  right: 'none',
  unfinished: false,
  subject: (call, { maker }) => {
    const reader = asReaderOf(call, maker)
    if (!managesAccount(call.scopes)) return forbid(reader, unknownUser(maker.id), 'account:manage')
    const found = findUser(reader, maker.id)
    return 'kind' in found ? found : { object: objectOfUser(found) }
  },
}

const listMade = defineOperation<Wanted, Made, Found>()({
  kind: 'list_made',
  action: 'key.read',
  scope: (_call, { maker }) => (maker.kind === 'key' ? ofKey : ofUser),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { maker }) => needs.made(maker),
  decide: (call, { maker }, { object }) => done(asReaderOf(call, maker), object, madeBy(call, maker)),
})

interface Ending extends MadePart {
  readonly maker: MakerRef
  /** Whether that is the key which asks: whoever holds a key can do all that it may, and less. */
  readonly isSelf: boolean
}

const bySelf: WithoutRight<Ending, undefined> = {
  right: 'none',
  unfinished: false,
  subject: ({ key }, { maker }) =>
    key?.userId === null && maker.kind === 'key' && maker.id === key.id ? undefined : { kind: 'outdated' },
}

const endingKey: WithRight<Ending, undefined> = { ...ofKey, subject: found(ofKey.subject) }
const endingUser: WithRight<Ending, undefined> = {
  right: 'account:manage',
  over: 'all',
  object: (_call, { maker }) => unknownUser(maker.id),
  subject: found((call, { maker }) => findUser(call, maker.id)),
}

/**
 * Ends some of what somebody made, before they end themselves: by whoever may do that. What is not theirs is left alone,
 * whatever was asked for.
 */
const endMadePart = defineOperation<Ending, Made>()({
  kind: 'end_made_part',
  action: ({ maker }) => (maker.kind === 'key' ? 'key.revoke' : 'user.delete'),
  scope: (_call, { maker, isSelf }) => (isSelf ? bySelf : maker.kind === 'key' ? endingKey : endingUser),
  environment: 'none',
  delicate: (_call, { isSelf }) => !isSelf,
  grants: (call, { maker }) => (maker.kind === 'user' ? managed(call, maker.id) : []),
  needs: (needs, { maker, keys, machines }) => {
    if (maker.kind === 'key') needs.key(maker.id)
    else needs.user(maker.id)
    needs.madePart({ keys, machines })
  },
  decide: (call, { maker, keys, machines }) => ({
    kind: 'done',
    result: endPart(call, maker, { keys, machines }),
  }),
})

export const madeOperations = {
  [listMade.kind]: listMade,
  [endMadePart.kind]: endMadePart,
}

/** Whoever may: what it is about is not needed any further. */
function found<Input>(subject: (call: Call, operation: Input, right: Right) => object) {
  return (call: Call, operation: Input, right: Right): undefined | Ended => {
    const one = subject(call, operation, right)
    return isEnded(one) ? one : undefined
  }
}

function isEnded(one: object): one is Ended {
  return 'kind' in one
}

function asReaderOf(call: Call, { kind }: MakerRef): Call {
  return kind === 'key' ? call : { ...call, action: 'user.read' }
}
