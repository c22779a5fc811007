/** The switch between environments, and what stands before the pages of one: whether it is there. */
import { type ReactNode, useEffect } from 'react'
import {
  addressIn,
  endVisit,
  environment,
  firstEnvironment,
  keptForVisit,
  sameIn,
  sayGone,
  takeGone,
} from '../api/environment.ts'
import { useSession } from '../api/session.ts'
import { otherThan, useEnvironments, useGoTo, useSeesEnvironments } from '../session/environments.ts'
import { useRights } from '../session/rights.ts'
import { Select } from '../ui/controls.tsx'
import { Waiting } from '../ui/page.tsx'
import { Trouble } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'

/** For whoever has a choice, or may make one. */
export function EnvironmentSwitch() {
  const { data = [] } = useEnvironments()
  const go = useGoTo()
  const mayMake = useRights().has('account:manage')
  if (data.length === 0 || (data.length === 1 && environment === firstEnvironment && !mayMake)) return null
  return (
    <div className="side-environment">
      <Select
        label="Environment"
        value={environment}
        onChoose={(name) => name !== environment && go(name)}
        choices={data.map(({ name }) => ({ id: name, label: name }))}
      />
    </div>
  )
}

/** The pages, in an environment that whoever is signed in sees; else the way to one. */
export function InEnvironment({ children }: { readonly children: ReactNode }) {
  const { data, error, refetch } = useEnvironments()
  const { account, scopes } = useSession()
  const names = useSeesEnvironments() ? data?.map(({ name }) => name) : [firstEnvironment]
  const kept = keptForVisit(account.id)
  const to = names === undefined ? undefined : wayFrom(names, kept)
  useEffect(() => {
    const gone = takeGone()
    if (gone !== undefined) {
      toast(`The environment “${gone}” doesn’t exist, or you don’t have access to it. This is “${environment}”.`, true)
    }
  }, [])
  useEffect(() => {
    if (names === undefined) return
    endVisit()
    if (to === undefined) return
    if (kept === undefined && environment !== firstEnvironment) sayGone()
    location.replace(kept === to ? addressIn(to, '/') : sameIn(to))
  }, [names, to, kept])
  // Whoever is in `default` for certain need not wait to be told.
  const isCertain = environment === firstEnvironment && kept === undefined && scopes.some((one) => !one.includes('@'))
  if (error !== null && names === undefined) return <Trouble error={error} onRetry={() => void refetch()} />
  return to !== undefined || (names === undefined && !isCertain) ? (
    <Waiting label="Opening the environment" />
  ) : (
    children
  )
}

/** Which environment one is led to, by its name; nothing for whoever is where they are. */
function wayFrom(names: readonly string[], kept: string | undefined): string | undefined {
  if (kept !== undefined && names.includes(kept)) return kept
  const other = otherThan(names)
  return names.includes(environment) || other === environment ? undefined : other
}
