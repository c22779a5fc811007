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
      <p className="small">Who has no password here needs a link to set one: make it on the page Users.</p>
    </Confirm>
  )
}

type Joining = Extract<Role, 'editor' | 'reader' | 'auditor'> | 'invited'

const joining = [
  { id: 'invited', label: 'Only who was invited' },
  { id: 'reader', label: 'Others too, as readers' },
  { id: 'editor', label: 'Others too, as editors' },
  { id: 'auditor', label: 'Others too, as auditors' },
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
        toast('Single sign-on is set up')
        await refresh()
      }}
    >
      <p className="small">Register Strongroom with your provider, and let it send people back to this address:</p>
      <CopyOnce text={`${location.origin}/portal/sso/callback`} what="The address" />
      <Field
        label="Name on the button"
        value={label}
        onValue={setLabel}
        placeholder="Example Login"
        required
        autoFocus
      />
      <Field
        label="Issuer"
        type="url"
        value={issuer}
        onValue={setIssuer}
        placeholder="https://login.example.com"
        hint="Exactly as the provider writes it."
        required
      />
      <Field label="Client ID" value={client} onValue={setClient} spellCheck={false} required />
      <Field
        label="Client secret"
        type="password"
        autoComplete="off"
        value={secret}
        onValue={setSecret}
        hint={isNew ? 'Kept sealed, and never shown again.' : 'Empty to keep the one that is there.'}
        required={isNew}
      />
      <Select<Joining> label="Who may come" value={role} choices={joining} onChoose={setRole} />
      {role === 'invited' ? null : (
        <Field
          label="Of the domains"
          value={domains}
          onValue={setDomains}
          placeholder="example.com"
          hint="Their address must be one of these, and verified by the provider."
          required
        />
      )}
      <Checkbox isSelected={isOnly} onChange={setOnly}>
        Nobody but owners may sign in otherwise; owners need a second factor
      </Checkbox>
    </FormDialog>
  )
}
