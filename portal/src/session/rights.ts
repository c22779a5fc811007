/** What the person may do in the environment they are in, by the scopes of the session. The server decides; this only spares them a refusal. */
import { matches } from '../../../src/model/pattern.ts'
import { environment } from '../api/environment.ts'
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
      const [narrowed = '', where = environment] = scope.split('@')
      if (where !== environment) return []
      if (narrowed === right) return ['*']
      return narrowed.startsWith(`${right}:`) ? [narrowed.slice(right.length + 1)] : []
    })
  return {
    has: (right) => patternsOf(right).length > 0,
    hasAll: (right) => patternsOf(right).includes('*'),
    can: (right, name) => patternsOf(right).some((pattern) => matches(pattern, name)),
  }
}
