/** Making an API key: rights in words, names that they are narrowed to, networks, an end. */
import { useState } from 'react'
import type { IssuedApiKey } from '../../../src/client/index.ts'
import { strongroom } from '../api/client.ts'
import { expiryTime } from '../secrets/details-fields.tsx'
import { useRights } from '../session/rights.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Checkbox, Field } from '../ui/controls.tsx'
import { rights } from './scopes.ts'

const wordsOf = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '')

export function NewKeyDialog({
  onClose,
  onIssued,
}: {
  readonly onClose: () => void
  readonly onIssued: (key: IssuedApiKey) => Promise<void>
}) {
  const mine = useRights()
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(['secrets:read']))
  const [names, setNames] = useState('')
  const [networks, setNetworks] = useState('')
  const [expires, setExpires] = useState('')
  const patterns = wordsOf(names)
  const scopes = rights
    .filter(({ id }) => chosen.has(id))
    .flatMap(({ id, hasNames }) =>
      hasNames && patterns.length > 0 ? patterns.map((pattern) => `${id}:${pattern}`) : [id],
    )
  return (
    <FormDialog
      title="New API key"
      isOpen
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
      <Field
        label="Name"
        value={name}
        onValue={setName}
        maxLength={128}
        hint="The program that it is for: its name is in the trail."
        autoFocus
        required
      />
      <fieldset className="field">
        <legend>It may</legend>
        <div className="stack-s" style={{ marginTop: 6 }}>
          {rights
            .filter(({ id }) => mine.has(id))
            .map(({ id, label, about }) => (
              <Checkbox
                key={id}
                isSelected={chosen.has(id)}
                onChange={(isOn) => {
                  const next = new Set(chosen)
                  if (isOn) next.add(id)
                  else next.delete(id)
                  setChosen(next)
                }}
              >
                {label} <span className="hint">{about}</span>
              </Checkbox>
            ))}
        </div>
      </fieldset>
      <Field
        label="Only secrets that are called"
        value={names}
        onValue={setNames}
        placeholder="prod-*, shared-smtp-password"
        hint="Names, or patterns with * for any characters. Empty for all."
        spellCheck={false}
      />
      <Field
        label="Only from the networks"
        value={networks}
        onValue={setNetworks}
        placeholder="10.0.0.0/8"
        hint="Empty for anywhere."
        spellCheck={false}
      />
      <Field label="Ends on" type="date" value={expires} onValue={setExpires} hint="Empty for no end." />
    </FormDialog>
  )
}
