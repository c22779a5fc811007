/** How the people of the account must sign in: for owners. */
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { codeOf } from '../api/ask.ts'
import { type SignInRules as Rules, type Sso, strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { useSession } from '../api/session.ts'
import { attempt } from '../ui/attempt.ts'
import { Card } from '../ui/card.tsx'
import { Button, Switch } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Loaded } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { RemoveSsoDialog, SsoDialog, ssoKey } from './sso.tsx'

const rulesKey = ['sign-in']

export function SignInRules() {
  const isOwner = useSession().user.role === 'owner'
  const known = useAnswer(rulesKey, (options) => strongroom.signIn.get(options))
  const provider = useAnswer(ssoKey, currentSso)
  return (
    <Loaded of={known}>
      {(data) => (
        <Loaded of={provider}>
          {(current) => (
            <Card title="Sign-in">
              <SecondFactor rules={data} isOwner={isOwner} />
              <SingleSignOn current={current} isOwner={isOwner} />
            </Card>
          )}
        </Loaded>
      )}
    </Loaded>
  )
}

/** `null` where there is none. */
async function currentSso(): Promise<Sso | null> {
  try {
    return await strongroom.signIn.sso()
  } catch (error) {
    if (codeOf(error) === 'not_found') return null
    throw error
  }
}

function SecondFactor({ rules: known, isOwner }: { readonly rules: Rules; readonly isOwner: boolean }) {
  const cache = useQueryClient()
  const [isBusy, setBusy] = useState(false)
  const require = async (isRequired: boolean) => {
    setBusy(true)
    await attempt(async () => {
      cache.setQueryData(rulesKey, await strongroom.signIn.update({ second_factor_required: isRequired }))
      toast(isRequired ? '2FA is now required' : '2FA is no longer required')
    })
    setBusy(false)
  }
  return (
    <div className="card-pad stack">
      <Switch
        isSelected={known.second_factor_required}
        onChange={(isOn) => void require(isOn)}
        isDisabled={isBusy || !isOwner}
      >
        Require 2FA for all users
      </Switch>
      <p className="hint">
        Users without it are signed out, and set it up at their next sign-in. Passkeys and single sign-on count.
      </p>
    </div>
  )
}

function SingleSignOn({ current, isOwner }: { readonly current: Sso | null; readonly isOwner: boolean }) {
  const { dialog, open } = useDialog()
  return (
    <div className="card-pad stack">
      <h3>Single sign-on</h3>
      {current === null ? (
        <p className="hint">Let people sign in with your OpenID Connect provider instead of a password.</p>
      ) : (
        <Facts
          of={[
            [current.label, current.issuer],
            ['Who can sign in', whoMayCome(current)],
            ['Other sign-in', current.only ? 'Owners only' : 'Passwords and passkeys allowed'],
            ['Sign-in URL', current.sign_in_url],
          ]}
        />
      )}
      {isOwner ? (
        <div className="row">
          <Button onPress={() => open((close) => <SsoDialog current={current} onClose={close} />)}>
            {current === null ? 'Set up' : 'Edit'}
          </Button>
          {current === null ? null : (
            <Button onPress={() => open((close) => <RemoveSsoDialog onClose={close} />)}>Remove</Button>
          )}
        </div>
      ) : (
        <p className="hint">Only owners can change this.</p>
      )}
      {dialog}
    </div>
  )
}

function whoMayCome({ role, domains }: Sso): string {
  return role === null ? 'Invited users only' : `Invited users, and anyone from ${domains.join(', ')} as ${role}`
}
