/** Making a webhook: where it leads, and what it is told of. */
import { useState } from 'react'
import { type IssuedWebhook, strongroom } from '../api/client.ts'
import { useEnvironmentNames } from '../session/environments.ts'
import { Field, Select } from '../ui/controls.tsx'
import { FormDialog } from '../ui/form.tsx'
import { wordsOf } from '../ui/words.ts'

export function NewWebhookDialog({
  onClose,
  onMade,
}: {
  readonly onClose: () => void
  readonly onMade: (made: IssuedWebhook) => Promise<void>
}) {
  const [url, setUrl] = useState('')
  const [actions, setActions] = useState('secret.*')
  const [name, setName] = useState('')
  const [environment, setEnvironment] = useState('')
  const names = useEnvironmentNames()
  return (
    <FormDialog
      title="New webhook"
      isWide
      onClose={onClose}
      submit="Create webhook"
      isReady={url !== '' && actions.trim() !== ''}
      run={async () =>
        onMade(
          await strongroom.webhooks.create({
            url: url.trim(),
            actions: wordsOf(actions),
            name: name.trim() === '' ? null : name.trim(),
            environment: environment === '' ? null : environment,
          }),
        )
      }
    >
      {(faults) => (
        <>
          <Field
            label="URL"
            value={url}
            onValue={setUrl}
            fault={faults['url']}
            placeholder="https://example.com/hook"
            hint="Events are sent by POST over HTTPS. Redirects are not followed."
            spellCheck={false}
            autoFocus
            required
          />
          <Field
            label="Actions"
            value={actions}
            onValue={setActions}
            fault={faults['actions']}
            hint="Such as secret.update, secret.* or * for all; separate several with commas."
            spellCheck={false}
            required
          />
          <Field
            label="Secret names"
            value={name}
            onValue={setName}
            fault={faults['name']}
            placeholder="prod-*"
            hint="Leave blank for everything."
            spellCheck={false}
          />
          <Select
            label="Environment"
            value={environment}
            choices={[{ id: '', label: 'All environments' }, ...names.map((id) => ({ id, label: id }))]}
            onChoose={setEnvironment}
          />
        </>
      )}
    </FormDialog>
  )
}
