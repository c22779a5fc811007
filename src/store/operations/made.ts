/** What an API key or a user has made: by whoever may manage them. */
import type { AuditObject } from '../../audit/record.ts'
import { allows, everywhere } from '../../model/scope.ts'
import { madeBy } from '../decide/made.ts'
import { type Call, done, forbid } from '../decide/work.ts'
import type { Made, MakerRef } from '../made.ts'
import { defineOperation, type WithoutRight, type WithRight } from './define.ts'
import { findKey, objectOf as objectOfKey, unknownKey } from './keys.ts'
import { findUser, objectOf as objectOfUser, unknownUser } from './users.ts'

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
    if (!allows(call.scopes, 'account:manage', everywhere))
      return forbid(reader, unknownUser(maker.id), 'account:manage')
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

export const madeOperations = {
  [listMade.kind]: listMade,
}

function asReaderOf(call: Call, { kind }: MakerRef): Call {
  return kind === 'key' ? call : { ...call, action: 'user.read' }
}
