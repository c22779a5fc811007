/** Own sign-in, and the settings of the account. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { act, Cancelled, read, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { setTheme, type Theme, useTheme } from '../frame/theme.ts'
import { useRights } from '../session/rights.ts'
import { useSession } from '../session/store.ts'
import { Select, Switch } from '../ui/controls.tsx'
import { Loading, PageHead, Trouble } from '../ui/states.tsx'
import { exactTime } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { FactorsCard } from './factors.tsx'
import { PasswordCard } from './password.tsx'
import { SessionsCard } from './sessions.tsx'
import { SignInRules } from './sign-in-rules.tsx'

export function SettingsPage() {
  const [query] = useSearchParams()
  const rights = useRights()
  const mayManage = rights.has('account:manage')
  const isAccount = mayManage && query.get('tab') === 'account'
  return (
    <div className="page narrow">
      <PageHead title="Settings" />
      {mayManage ? (
        <nav className="tabs-list" aria-label="Settings">
          <Link href="/settings" className="tab" aria-current={isAccount ? undefined : 'page'}>
            You
          </Link>
          <Link href="/settings?tab=account" className="tab" aria-current={isAccount ? 'page' : undefined}>
            Account
          </Link>
        </nav>
      ) : null}
      {isAccount ? <AccountSettings /> : <OwnSettings />}
      {isAccount ? <SignInRules /> : null}
    </div>
  )
}

function OwnSettings() {
  const { user, expires_at: end } = useSession()
  const chosen = useTheme()
  return (
    <>
      <section className="card card-pad stack" aria-label="You">
        <dl className="facts">
          <dt>Name</dt>
          <dd>{user.name}</dd>
          <dt>Email</dt>
          <dd>{user.email}</dd>
          <dt>Role</dt>
          <dd>{user.role}</dd>
          <dt>This session ends</dt>
          <dd>{exactTime(end)}, or earlier when it is not used</dd>
        </dl>
        <Select<Theme>
          label="Theme"
          value={chosen}
          onChoose={setTheme}
          choices={[
            { id: 'system', label: 'As the system' },
            { id: 'light', label: 'Light' },
            { id: 'dark', label: 'Dark' },
          ]}
        />
      </section>
      <PasswordCard />
      <FactorsCard />
      <SessionsCard />
    </>
  )
}

function AccountSettings() {
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => read(() => strongroom.settings.get({ signal })),
  })
  const [isBusy, setBusy] = useState(false)
  const change = async (isOn: boolean) => {
    setBusy(true)
    try {
      const settings = await act(() => strongroom.settings.update({ vm_auth: isOn }))
      cache.setQueryData(['settings'], settings)
      toast(isOn ? 'Machines may read by their addresses' : 'Machines are refused from now on')
    } catch (failure) {
      if (!(failure instanceof Cancelled)) toast(sentenceOf(failure), true)
    }
    setBusy(false)
  }
  if (error !== null) return <Trouble error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading />
  return (
    <section className="card" aria-labelledby="machines-title">
      <div className="card-head">
        <h2 id="machines-title">Machines</h2>
      </div>
      <div className="card-pad stack">
        <Switch isSelected={data.vm_auth} onChange={(isOn) => void change(isOn)} isDisabled={isBusy}>
          Registered machines may read without a key
        </Switch>
        <p className="hint">
          They are known by the address that they ask from. Turn it on only where every address in your networks is one
          that you hand out: whoever can take an address of a <Link href="/machines">registered machine</Link> reads
          what that machine may read.
        </p>
      </div>
    </section>
  )
}
