/** Events: who may listen to what of the trail now. */
import { idleEndOf } from '../../model/api-key.ts'
import type { EnvironmentRef } from '../../model/environment.ts'
import type { Principal } from '../../model/principal.ts'
import type { Right, Scope } from '../../model/scope.ts'
import { chainFrom, environmentsOf, hasSome } from '../decide/environment.ts'
import { defineOperation, overSome } from './define.ts'

/** What somebody may be told of, as of now. */
export interface Listener {
  readonly accountId: number
  readonly principal: Principal
  readonly scopes: readonly Scope[]
  /** The one that is meant. */
  readonly environment: EnvironmentRef
  /** The ids of the environments that a name is looked up in: of that one, then of its bases. */
  readonly chain: readonly number[]
  /** All of the account but `default`, as they are called. */
  readonly environments: readonly EnvironmentRef[]
  /** When it ends by itself: milliseconds since 1970. */
  readonly endsAt: number | null
}

const rights: readonly Right[] = ['secrets:list', 'secrets:read', 'audit:read']

/** Not recorded unless it is refused: who listens is told of nothing that they could not read, and reads no value. */
const listen = defineOperation<object, Listener>()({
  kind: 'listen',
  action: 'event.listen',
  scope: (call) => overSome(rights.find((right) => hasSome(call, right)) ?? 'secrets:list'),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: (call) => {
    const { account, principal, scopes, environment, key } = call
    const idle = key === undefined || key.userId === null ? null : idleEndOf(key)
    const ends = [key?.expiresAt ?? null, idle].filter((end) => end !== null)
    const result = {
      accountId: account.id,
      principal,
      scopes,
      environment: { id: environment.id, name: environment.name },
      chain: chainFrom(call),
      environments: environmentsOf(call).map(({ id, name }) => ({ id, name })),
      endsAt: ends.length === 0 ? null : Math.min(...ends),
    }
    return { kind: 'done', result }
  },
})

export const eventOperations = {
  [listen.kind]: listen,
}
