/** Which environments there are for whoever is signed in, and how one goes to another. */
import { strongroom } from '../api/client.ts'
import { firstEnvironment, keepEnvironment, sameIn } from '../api/environment.ts'
import { useAnswer } from '../api/queries.ts'
import { useSession } from '../api/session.ts'
import { leaveDocument } from '../ui/unsaved.ts'

export const environmentsKey = ['environments']

/** Any right over secrets in one of them, or over the account. */
const seeing = /^(secrets:(list|read|scan|write|delete)|account:manage)([:@]|$)/

export function useSeesEnvironments(): boolean {
  return useSession().scopes.some((scope) => seeing.test(scope))
}

export function useEnvironments() {
  const enabled = useSeesEnvironments()
  return useAnswer(environmentsKey, (options) => strongroom.environments.list(options), { enabled })
}

/** The names of those that the person sees, and of others that are chosen already: one that is gone stays until it is taken away. */
export function useEnvironmentNames(chosen: Iterable<string> = []): readonly string[] {
  const { data = [] } = useEnvironments()
  return [...new Set([...data.map(({ name }) => name), ...chosen])]
}

/** The way to the page of one that somebody chooses, which is kept for their next visit. */
export function useGoTo(): (name: string) => void {
  const { account } = useSession()
  return (name) =>
    leaveDocument(() => {
      keepEnvironment(account.id, name)
      location.assign(sameIn(name))
    })
}

/** Where one is led who sees some environments, and not the one that the address names. */
export function otherThan(names: readonly string[]): string {
  return names.includes(firstEnvironment) ? firstEnvironment : (names[0] ?? firstEnvironment)
}
