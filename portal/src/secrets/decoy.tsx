/** Marking a secret as a decoy, which only those who manage the account see. */
import { Siren } from 'lucide-react'
import { useState } from 'react'
import { type Metadata, strongroom } from '../api/client.ts'
import { CardFoot } from '../ui/card.tsx'
import { Button, Select } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { FormDialog } from '../ui/form.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { useRefreshSecrets } from './queries.ts'

type Mark = NonNullable<Metadata['decoy']>

const choices = [
  { id: 'none', label: 'Off: an ordinary secret' },
  { id: 'tell', label: 'On: report each read' },
  { id: 'revoke', label: 'On: report each read and revoke the API key' },
] as const
type Choice = (typeof choices)[number]['id']

export function decoyText({ revoke }: Mark): string {
  return revoke ? 'Reports reads, revokes the key' : 'Reports reads'
}

/** Before the value is shown. */
export function DecoyNote({ secret: { decoy } }: { readonly secret: Metadata }) {
  return decoy ? <Note kind="warn">This is a decoy. Revealing or copying its value raises an alert.</Note> : null
}

/** For those who are shown whether it is one. */
export function DecoyFoot({ secret }: { readonly secret: Metadata }) {
  const { dialog, open } = useDialog()
  if (secret.decoy === undefined) return null
  return (
    <CardFoot>
      <Button look="quiet" small onPress={() => open((close) => <DecoyDialog secret={secret} onClose={close} />)}>
        <Siren size={14} aria-hidden />
        {secret.decoy === null ? 'Mark as decoy' : 'Change decoy'}
      </Button>
      {dialog}
    </CardFoot>
  )
}

function DecoyDialog({ secret, onClose }: { readonly secret: Metadata; readonly onClose: () => void }) {
  const { id, name, decoy } = secret
  const [choice, setChoice] = useState<Choice>(decoy ? (decoy.revoke ? 'revoke' : 'tell') : 'none')
  const refresh = useRefreshSecrets()
  const save = async () => {
    await strongroom.secrets.updateMetadata(id, { decoy: choice === 'none' ? null : { revoke: choice === 'revoke' } })
    toast(choice === 'none' ? `${name} is no longer a decoy` : `${name} is a decoy`)
    await refresh()
  }
  return (
    <FormDialog title={`Decoy: ${name}`} onClose={onClose} run={save} submit="Save">
      <p className="small">
        Use a value that works nowhere. To anyone who can’t manage this account, a decoy looks like any other secret.
        Each read is in the audit log, events and webhooks as “Read decoy”.
      </p>
      <Select label="Decoy" value={choice} onChoose={setChoice} choices={choices} />
    </FormDialog>
  )
}
