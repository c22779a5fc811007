/** Making an API key: what it may do, and where; networks, an end. */
import { useState } from 'react'
import { type IssuedApiKey, strongroom } from '../api/client.ts'
import { Field } from '../ui/controls.tsx'
import { FormDialog } from '../ui/form.tsx'
import { expiryTime } from '../ui/time.tsx'
import { wordsOf } from '../ui/words.ts'
import { rights } from './scopes.ts'
import { ScopesField, scopesOf, useFirstChoice } from './scopes-field.tsx'

export function NewKeyDialog({
  onClose,
  onIssued,
}: {
  readonly onClose: () => void
  readonly onIssued: (key: IssuedApiKey) => Promise<void>
}) {
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState(useFirstChoice(['secrets:read']))
  const [networks, setNetworks] = useState('')
  const [expires, setExpires] = useState('')
  const scopes = scopesOf(chosen)
  return (
    <FormDialog
      title="New API key"
      isWide
      onClose={onClose}
      submit="Create key"
      isReady={name.trim() !== '' && scopes.length > 0}
      run={async () =>
        onIssued(
          await strongroom.keys.create({
            name: name.trim(),
            scopes,
            ...(networks === '' ? {} : { networks: wordsOf(networks) }),
            ...(expires === '' ? {} : { expires_at: expiryTime(expires) }),
          }),
        )
      }
    >
      {(faults) => (
        <>
          <Field
            label="Name"
            value={name}
            onValue={setName}
            fault={faults['name']}
            maxLength={128}
            hint="Shown in the audit log."
            autoFocus
            required
          />
          <ScopesField offered={rights} chosen={chosen} onChange={setChosen} fault={faults['scopes']} />
          <Field
            label="Allowed networks (CIDR)"
            value={networks}
            onValue={setNetworks}
            fault={faults['networks']}
            placeholder="10.0.0.0/8"
            hint="Leave blank for any network."
            spellCheck={false}
          />
          <Field
            label="Expires on"
            type="date"
            value={expires}
            onValue={setExpires}
            fault={faults['expires_at']}
            hint="Leave blank for no expiry."
          />
        </>
      )}
    </FormDialog>
  )
}
