/** Renaming a secret, where its name stands. */
import { type FormEvent, type KeyboardEvent, useState } from 'react'
import { isSecretName } from '../../../src/model/name.ts'
import { type Metadata, strongroom, versionTag } from '../api/client.ts'
import { faultsOf } from '../api/faults.ts'
import { useAttempt } from '../ui/attempt.ts'
import { Button, Field } from '../ui/controls.tsx'
import { toast } from '../ui/toast.tsx'
import { leave, useUnsaved } from '../ui/unsaved.ts'
import { useAsOpened } from './as-opened.ts'
import { useRefreshSecrets } from './queries.ts'

export function RenameForm({ secret: opened, onClose }: { readonly secret: Metadata; readonly onClose: () => void }) {
  const { secret, catchUp } = useAsOpened(opened)
  const { id, name, version } = secret
  const [wanted, setWanted] = useState(name)
  const refresh = useRefreshSecrets()
  const { attempt, error, trouble, isBusy } = useAttempt()
  useUnsaved(wanted !== name)
  const isReady = wanted !== name && isSecretName(wanted)
  const save = async (event: FormEvent) => {
    event.preventDefault()
    if (!isReady) return
    const isDone = await attempt(async () => {
      await strongroom.secrets.rename(id, wanted, { ifMatch: versionTag(version) }).catch(async (failure: unknown) => {
        await catchUp(failure)
        throw failure
      })
      toast(`Renamed to ${wanted}`)
      await refresh()
    })
    if (isDone) onClose()
  }
  const cancel = () => leave(onClose)
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') cancel()
  }
  return (
    <form className="rename" onSubmit={(event) => void save(event)} onKeyDown={press}>
      <Field
        label="Name"
        value={wanted}
        onValue={setWanted}
        hint="Programs and templates that use the old name will stop working."
        fault={faultsOf(error)['name'] ?? trouble}
        maxLength={255}
        spellCheck={false}
        autoComplete="off"
        autoFocus
      />
      <div className="row">
        <Button type="submit" look="primary" isDisabled={!isReady || isBusy}>
          Rename
        </Button>
        <Button onPress={cancel}>Cancel</Button>
      </div>
    </form>
  )
}
