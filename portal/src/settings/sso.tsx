/** Setting up single sign-on through an OpenID provider, and taking it away. */
import { useState } from 'react'
import { type Role, type Sso, strongroom } from '../api/client.ts'
import { useRefresh } from '../api/queries.ts'
import { Checkbox, Field, Select } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { toast } from '../ui/toast.tsx'
import { wordsOf } from '../ui/words.ts'

/** What the provider of the account is asked for under. */
export const ssoKey = ['sso']

export function RemoveSsoDialog({ onClose }: { readonly onClose: () => void }) {
  const refresh = useRefresh(ssoKey)
  return (
    <Confirm
      title="Remove single sign-on?"
      onClose={onClose}
      submit="Remove"
      run={async () => {
        await strongroom.signIn.removeSso()
        await refresh()
      }}
    >
      <p className="small">Users without a password need a link to set one. Create it on the Users page.</p>
    </Confirm>
  )
}

type Joining = Extract<Role, 'editor' | 'reader' | 'auditor'> | 'invited'

const joining = [
  { id: 'invited', label: 'Invited users only' },
  { id: 'reader', label: 'Anyone from the email domains, as reader' },
  { id: 'editor', label: 'Anyone from the email domains, as editor' },
  { id: 'auditor', label: 'Anyone from the email domains, as auditor' },
] as const

export function SsoDialog({ current, onClose }: { readonly current: Sso | null; readonly onClose: () => void }) {
  const refresh = useRefresh(ssoKey)
  const [label, setLabel] = useState(current?.label ?? '')
  const [issuer, setIssuer] = useState(current?.issuer ?? '')
  const [client, setClient] = useState(current?.client_id ?? '')
  const [secret, setSecret] = useState('')
  const [domains, setDomains] = useState(current?.domains.join(', ') ?? '')
  const [role, setRole] = useState<Joining>(joining.find(({ id }) => id === current?.role)?.id ?? 'invited')
  const [isOnly, setOnly] = useState(current?.only ?? false)
  const isNew = current === null || issuer !== current.issuer || client !== current.client_id
  return (
    <FormDialog
      title="Single sign-on"
      isWide
      onClose={onClose}
      submit="Save"
      isReady={[label, issuer, client].every((text) => text.trim() !== '') && (!isNew || secret !== '')}
      run={async () => {
        const words = wordsOf(domains)
        const given = { label: label.trim(), issuer: issuer.trim(), client_id: client.trim(), domains: words }
        const rest = { role: role === 'invited' ? null : role, only: isOnly }
        await strongroom.signIn.setSso({ ...given, ...rest, ...(secret === '' ? {} : { client_secret: secret }) })
        toast('Single sign-on saved')
        await refresh()
      }}
    >
      <p className="small">Register Strongroom with your provider, using this redirect URL:</p>
      <CopyOnce text={`${location.origin}/portal/sso/callback`} what="Redirect URL" />
      <Field label="Button label" value={label} onValue={setLabel} placeholder="Example Login" required autoFocus />
      <Field
        label="Issuer"
        type="url"
        value={issuer}
        onValue={setIssuer}
        placeholder="https://login.example.com"
        hint="Exactly as your provider states it."
        required
      />
      <Field label="Client ID" value={client} onValue={setClient} spellCheck={false} required />
      <Field
        label="Client secret"
        type="password"
        autoComplete="off"
        value={secret}
        onValue={setSecret}
        hint={isNew ? 'Stored encrypted. You won’t see it again.' : 'Leave blank to keep the current one.'}
        required={isNew}
      />
      <Select<Joining> label="Who can sign in" value={role} choices={joining} onChoose={setRole} />
      {role === 'invited' ? null : (
        <Field
          label="Email domains"
          value={domains}
          onValue={setDomains}
          placeholder="example.com"
          hint="Their email must be in one of these, and verified by the provider."
          required
        />
      )}
      <Checkbox isSelected={isOnly} onChange={setOnly}>
        Require single sign-on, except for owners, who need 2FA
      </Checkbox>
    </FormDialog>
  )
}
