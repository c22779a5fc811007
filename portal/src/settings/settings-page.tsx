/** Own sign-in, and the settings of the account. */
import { useSearchParams } from 'wouter'
import { useSession } from '../api/session.ts'
import { useRights } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import { Select } from '../ui/controls.tsx'
import { Facts } from '../ui/facts.tsx'
import { Page, Tabs } from '../ui/page.tsx'
import { setTheme, type Theme, useTheme } from '../ui/theme.ts'
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
    <Page title="Settings" isNarrow>
      {mayManage ? (
        <Tabs
          label="Settings"
          tabs={[
            ['You', '/settings'],
            ['Account', '/settings?tab=account'],
          ]}
          current={isAccount ? '/settings?tab=account' : '/settings'}
        />
      ) : null}
      {isAccount ? <AccountSettings /> : <OwnSettings />}
      {isAccount ? <SignInRules /> : null}
    </Page>
  )
}

function OwnSettings() {
  const { user, expires_at: end } = useSession()
  const chosen = useTheme()
  return (
    <>
      <Card label="You" isPadded>
        <Facts
          of={[
            ['Name', user.name],
            ['Email', user.email],
            ['Role', user.role],
            ['Session expires', `${exactTime(end)}, or sooner if not used`],
          ]}
        />
        <Select<Theme>
          label="Theme"
          value={chosen}
          onChoose={setTheme}
          choices={[
            { id: 'system', label: 'System' },
            { id: 'light', label: 'Light' },
            { id: 'dark', label: 'Dark' },
          ]}
        />
      </Card>
      <PasswordCard />
      <FactorsCard />
      <SessionsCard />
    </>
  )
}
