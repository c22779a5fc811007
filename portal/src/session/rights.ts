/** What the person may do, by the scopes of the session. The server decides; this only spares them a refusal. */
import { matches } from '../../../src/model/pattern.ts'
import { useSession } from '../api/session.ts'

export interface Rights {
  /** For some name at least. */
  has(right: string): boolean
  /** For every name. */
  hasAll(right: string): boolean
  /** For the secret of this name. */
  can(right: string, name: string): boolean
}

export function useRights(): Rights {
  return rightsOf(useSession().scopes)
}

function rightsOf(scopes: readonly string[]): Rights {
  const patternsOf = (right: string) =>
    scopes.flatMap((scope) => {
      if (scope === right) return ['*']
      return scope.startsWith(`${right}:`) ? [scope.slice(right.length + 1)] : []
    })
  return {
    has: (right) => patternsOf(right).length > 0,
    hasAll: (right) => patternsOf(right).includes('*'),
    can: (right, name) => patternsOf(right).some((pattern) => matches(pattern, name)),
  }
}
