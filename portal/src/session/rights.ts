/** What the person may do in the environment they are in, or in another, by the scopes of the session. The server decides; this only spares them a refusal. */
import { matches } from '../../../src/model/pattern.ts'
import { environment } from '../api/environment.ts'
import { useSession } from '../api/session.ts'

export interface Rights {
  /** For some name at least. */
  has(right: string): boolean
  /** The same, in some environment at least. */
  hasSomewhere(right: string): boolean
  /** For every name. */
  hasAll(right: string): boolean
  /** For the secret of this name. */
  can(right: string, name: string): boolean
}

export function useRights(): Rights {
  return rightsOf(useSession().scopes, environment)
}

/** In an environment, by its name. */
export function useRightsIn(): (name: string) => Rights {
  const { scopes } = useSession()
  return (name) => rightsOf(scopes, name)
}

function rightsOf(scopes: readonly string[], here: string): Rights {
  const patternsOf = (right: string) =>
    scopes.flatMap((scope) => {
      const [narrowed = '', where = here] = scope.split('@')
      if (where !== here) return []
      if (narrowed === right) return ['*']
      return narrowed.startsWith(`${right}:`) ? [narrowed.slice(right.length + 1)] : []
    })
  return {
    has: (right) => patternsOf(right).length > 0,
    hasSomewhere: (right) =>
      scopes.some((scope) => scope === right || scope.startsWith(`${right}:`) || scope.startsWith(`${right}@`)),
    hasAll: (right) => patternsOf(right).includes('*'),
    can: (right, name) => patternsOf(right).some((pattern) => matches(pattern, name)),
  }
}
