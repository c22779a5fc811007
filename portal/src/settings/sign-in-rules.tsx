/** How the people of the account must sign in: for owners. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Sso, StrongroomError } from '../../../src/client/index.ts'
import type { Role } from '../api/account.ts'
import { act, Cancelled, read, sentenceOf } from '../api/ask.ts'
import { rules, sso } from '../api/factors.ts'
import { useSession } from '../session/store.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Checkbox, Field, Select, Switch } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { Loading, Trouble } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { wordsOf } from '../ui/words.ts'

export function SignInRules() {
  const { user } = useSession()
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({ queryKey: ['sign-in'], queryFn: () => read(rules.get) })
  const provider = useQuery({ queryKey: ['sso'], queryFn: () => read(currentSso) })
  const [isBusy, setBusy] = useState(false)
  const [open, setOpen] = useState<'edit' | 'remove'>()
  const isOwner = user.role === 'owner'
  const require = async (isRequired: boolean) => {
    setBusy(true)
    try {
      cache.setQueryData(['sign-in'], await act(() => rules.put(isRequired)))
      toast(isRequired ? 'A password alone is no longer enough' : 'A second factor is everybody’s own choice')
    } catch (failure) {
      if (!(failure instanceof Cancelled)) toast(sentenceOf(failure), true)
    }
    setBusy(false)
  }
  const trouble = error ?? provider.error
  if (trouble !== null) {
    const retry = () => Promise.all([refetch(), provider.refetch()])
    return <Trouble error={trouble} onRetry={() => void retry()} />
  }
  if (data === undefined || provider.data === undefined) return <Loading />
  const current = provider.data
  return (
    <section className="card" aria-labelledby="sign-in-title">
      <div className="card-head">
        <h2 id="sign-in-title">Signing in</h2>
      </div>
      <div className="card-pad stack">
        <Switch
          isSelected={data.second_factor_required}
          onChange={(isOn) => void require(isOn)}
          isDisabled={isBusy || !isOwner}
        >
          Require a second factor of everybody
        </Switch>
        <p className="hint">
          Whoever has none is signed out, and sets one up at the next sign-in. Passkeys count as one, and so does
          signing in through your provider.
        </p>
      </div>
      <div className="card-pad stack">
        <h3>Single sign-on</h3>
        {current === null ? (
          <p className="hint">People come through your OpenID provider instead of a password of their own here.</p>
        ) : (
          <dl className="facts">
            <dt>{current.label}</dt>
            <dd className="break">{current.issuer}</dd>
            <dt>Who may come</dt>
            <dd>
              {current.role === null
                ? 'Only who was invited'
                : `Who was invited, and anybody of ${current.domains.join(', ')} as ${current.role}`}
            </dd>
            <dt>Otherwise</dt>
            <dd>{current.only ? 'Nobody but owners may sign in' : 'Passwords and passkeys do too'}</dd>
            <dt>They begin at</dt>
            <dd className="break">{current.sign_in_url}</dd>
          </dl>
        )}
        {isOwner ? (
          <div className="row">
            <Button onPress={() => setOpen('edit')}>{current === null ? 'Set up' : 'Change'}</Button>
            {current === null ? null : <Button onPress={() => setOpen('remove')}>Remove</Button>}
          </div>
        ) : (
          <p className="hint">Only an owner changes this.</p>
        )}
      </div>
      {open === 'edit' ? <SsoDialog current={current} onClose={() => setOpen(undefined)} /> : null}
      {open === 'remove' ? (
        <FormDialog
          title="Remove single sign-on?"
          isOpen
          isBad
          onClose={() => setOpen(undefined)}
          submit="Remove"
          run={async () => {
            await sso.remove()
            await cache.invalidateQueries({ queryKey: ['sso'] })
          }}
        >
          <p className="small">Who has no password here needs a link to set one: make it on the page Users.</p>
        </FormDialog>
      ) : null}
    </section>
  )
}

/** `null` where there is none. */
async function currentSso(): Promise<Sso | null> {
  try {
    return await sso.settings()
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'not_found') return null
    throw error
  }
}

type Joining = Extract<Role, 'editor' | 'reader' | 'auditor'> | 'invited'

const joining = [
  { id: 'invited', label: 'Only who was invited' },
  { id: 'reader', label: 'Others too, as readers' },
  { id: 'editor', label: 'Others too, as editors' },
  { id: 'auditor', label: 'Others too, as auditors' },
] as const

function SsoDialog({ current, onClose }: { readonly current: Sso | null; readonly onClose: () => void }) {
  const cache = useQueryClient()
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
      isOpen
      isWide
      onClose={onClose}
      submit="Save"
      isReady={[label, issuer, client].every((text) => text.trim() !== '') && (!isNew || secret !== '')}
      run={async () => {
        const words = wordsOf(domains)
        const given = { label: label.trim(), issuer: issuer.trim(), client_id: client.trim(), domains: words }
        await sso.put({ ...given, role: role === 'invited' ? null : role, only: isOnly }, secret)
        toast('Single sign-on is set up')
        await cache.invalidateQueries({ queryKey: ['sso'] })
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
