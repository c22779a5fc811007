/** Own sign-in, and the settings of the account. */
import { Link, useSearchParams } from 'wouter'
import { setTheme, type Theme, useTheme } from '../frame/theme.ts'
import { useRights } from '../session/rights.ts'
import { useSession } from '../session/store.ts'
import { Select } from '../ui/controls.tsx'
import { PageHead } from '../ui/states.tsx'
import { exactTime } from '../ui/time.tsx'
import { AccountSettings } from './account.tsx'
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
