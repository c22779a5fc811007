/** Own passkeys. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Fingerprint, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { credentials, type Passkey } from '../api/account.ts'
import { read } from '../api/ask.ts'
import { createPasskey, hasPasskeys, passkeyTrouble } from '../session/passkey.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Field, IconButton } from '../ui/controls.tsx'
import { Loading, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'

export function PasskeysCard() {
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({ queryKey: ['passkeys'], queryFn: () => read(credentials.passkeys) })
  const [open, setOpen] = useState<'new' | Passkey>()
  const refresh = () => cache.invalidateQueries({ queryKey: ['passkeys'] })
  return (
    <section className="card" aria-labelledby="passkeys-title">
      <div className="card-head">
        <div>
          <h2 id="passkeys-title">Passkeys</h2>
          <p className="hint">
            Sign in with this device or a security key: nothing to type, nothing to be tricked out of.
          </p>
        </div>
        {hasPasskeys ? <Button onPress={() => setOpen('new')}>Add a passkey</Button> : null}
      </div>
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading lines={2} /> : null}
      {data?.length === 0 ? (
        <p className="card-pad small muted">
          {hasPasskeys ? 'None yet.' : 'None, and this browser cannot make one on this page.'}
        </p>
      ) : null}
      <ul className="lines">
        {data?.map((passkey) => (
          <li key={passkey.id} style={{ alignItems: 'center' }}>
            <Fingerprint size={16} aria-hidden />
            <span className="grow">{passkey.name}</span>
            <span className="end">
              made <Ago time={passkey.created_at} />
            </span>
            <IconButton label={`Remove ${passkey.name}`} small look="quiet bad" onPress={() => setOpen(passkey)}>
              <Trash2 size={14} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      {open === 'new' ? <NewDialog onClose={() => setOpen(undefined)} refresh={refresh} /> : null}
      {typeof open === 'object' ? (
        <FormDialog
          title={`Remove ${open.name}?`}
          isOpen
          isBad
          onClose={() => setOpen(undefined)}
          submit="Remove"
          run={async () => {
            await credentials.dropPasskey(open.id)
            toast(`${open.name} is removed`)
            await refresh()
          }}
        >
          <p className="small">It no longer signs you in here. The device may still offer it: remove it there too.</p>
        </FormDialog>
      ) : null}
    </section>
  )
}

function NewDialog({ onClose, refresh }: { readonly onClose: () => void; readonly refresh: () => Promise<void> }) {
  const [name, setName] = useState('')
  return (
    <FormDialog
      title="Add a passkey"
      isOpen
      onClose={onClose}
      submit="Continue"
      isReady={name.trim() !== ''}
      run={async () => {
        const options = await credentials.passkeyOptions()
        const made = await createPasskey(options).catch((error: unknown) => {
          throw new Error(passkeyTrouble(error) ?? 'The device could not make a passkey.')
        })
        await credentials.addPasskey(name.trim(), made)
        toast(`${name.trim()} is added`)
        await refresh()
      }}
    >
      <Field
        label="Name"
        value={name}
        onValue={setName}
        maxLength={64}
        placeholder="MacBook"
        hint="So that you know it again."
        autoFocus
        required
      />
    </FormDialog>
  )
}
