/** Changing what is known of a secret, and the list it is in. */
import { type FormEvent, useState } from 'react'
import type { Metadata } from '../../../src/client/index.ts'
import { act, Cancelled, codeOf, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { faultsOf } from '../api/faults.ts'
import { Button, Field, Select } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { type Details, DetailsFields, expiryDay, expiryTime } from './details-fields.tsx'
import { useLists, useRefresh } from './queries.ts'

export function EditDetailsDialog({
  secret,
  etag,
  isOpen,
  onClose,
}: {
  readonly secret: Metadata
  readonly etag: string
  readonly isOpen: boolean
  readonly onClose: () => void
}) {
  return (
    <Dialog title={`Edit ${secret.name}`} isOpen={isOpen} onClose={onClose}>
      <EditForm secret={secret} etag={etag} onClose={onClose} />
    </Dialog>
  )
}

function EditForm({
  secret,
  etag,
  onClose,
}: {
  readonly secret: Metadata
  readonly etag: string
  readonly onClose: () => void
}) {
  const refresh = useRefresh()
  const { data: lists = [secret.list] } = useLists()
  const [list, setList] = useState(String(secret.list.id))
  const [filename, setFilename] = useState(secret.filename ?? '')
  const [details, setDetails] = useState<Details>({
    description: secret.description,
    tags: secret.tags,
    expires: expiryDay(secret.expires_at),
  })
  const [ifMatch, setIfMatch] = useState(etag)
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      // The day alone is edited: a time of that day that somebody else gave stays.
      const isSameDay = details.expires === expiryDay(secret.expires_at)
      const change = {
        description: details.description,
        tags: details.tags,
        expires_at: isSameDay ? secret.expires_at : expiryTime(details.expires),
        ...(secret.type === 'file' ? { filename: filename.trim() === '' ? null : filename.trim() } : {}),
      }
      await act(() => strongroom.secrets.updateMetadata(secret.id, change, { ifMatch }))
      if (list !== String(secret.list.id)) await act(() => strongroom.lists.move(Number(list), secret.id))
      toast(`${secret.name} is changed`)
      await refresh()
      onClose()
    } catch (failure) {
      if (codeOf(failure) === 'stale_version') {
        const now = await strongroom.secrets.metadata(secret.id).catch(() => undefined)
        if (now !== undefined) setIfMatch(now.etag)
      }
      if (!(failure instanceof Cancelled)) setError(failure)
      setBusy(false)
    }
  }
  const faults = faultsOf(error)
  const isStale = codeOf(error) === 'stale_version'
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      {isStale ? (
        <Note kind="warn">
          Somebody stored a new value meanwhile. What is known of the secret is kept apart from it: save again to change
          it all the same.
        </Note>
      ) : error !== undefined && Object.keys(faults).length === 0 ? (
        <Note kind="bad">{sentenceOf(error)}</Note>
      ) : null}
      <Select
        label="List"
        value={list}
        onChoose={setList}
        choices={lists.map(({ id, name }) => ({ id: String(id), label: name }))}
      />
      {secret.type === 'file' ? (
        <Field
          label="File name"
          value={filename}
          onValue={setFilename}
          hint="What it is called when it is downloaded."
          fault={faults['filename']}
        />
      ) : null}
      <DetailsFields details={details} onChange={setDetails} faults={faults} />
      <div className="actions">
        <Button onPress={onClose}>Cancel</Button>
        <Button type="submit" look="primary" isDisabled={isBusy}>
          Save
        </Button>
      </div>
    </form>
  )
}
