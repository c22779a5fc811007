/** Changing what is known of a secret, and the list it is in, on condition that nobody else has meanwhile. */
import { type FormEvent, useState } from 'react'
import type { Metadata, Tagged } from '../../../src/client/index.ts'
import { act, Cancelled, codeOf, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { faultsOf } from '../api/faults.ts'
import { Button, Field, Select } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { changedFacts, DetailsConflict } from './details-conflict.tsx'
import { type Details, DetailsFields, expiryDay, expiryTime } from './details-fields.tsx'
import { useLists, useRefresh } from './queries.ts'

type Known = Metadata & Tagged

export function EditDetailsDialog({
  secret,
  isOpen,
  onClose,
}: {
  readonly secret: Known
  readonly isOpen: boolean
  readonly onClose: () => void
}) {
  return (
    <Dialog title={`Edit ${secret.name}`} isOpen={isOpen} onClose={onClose}>
      <EditForm secret={secret} onClose={onClose} />
    </Dialog>
  )
}

function EditForm({ secret, onClose }: { readonly secret: Known; readonly onClose: () => void }) {
  const refresh = useRefresh()
  const { data: lists = [secret.list] } = useLists()
  // As it was when the dialog was opened: a refresh behind it must not hide a conflict.
  const [base, setBase] = useState(secret)
  const [list, setList] = useState(String(secret.list.id))
  const [filename, setFilename] = useState(secret.filename ?? '')
  const [details, setDetails] = useState<Details>({
    description: secret.description,
    tags: secret.tags,
    expires: expiryDay(secret.expires_at),
  })
  const [theirs, setTheirs] = useState<Known>()
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const mine = {
    ...base,
    ...details,
    filename: filename.trim() === '' ? null : filename.trim(),
    list: lists.find(({ id }) => String(id) === list) ?? base.list,
    // The day alone is edited: a time of that day that somebody else gave stays.
    expires_at: details.expires === expiryDay(base.expires_at) ? base.expires_at : expiryTime(details.expires),
  }

  const send = async (ifMatch: string) => {
    const changed = changedFacts(base, mine)
    // What was left as it was is not sent: it may be another by now.
    const change = {
      ...(changed.has('Description') ? { description: mine.description } : {}),
      ...(changed.has('Tags') ? { tags: mine.tags } : {}),
      ...(changed.has('Expires on') ? { expires_at: mine.expires_at } : {}),
      ...(changed.has('File name') ? { filename: mine.filename } : {}),
    }
    let now: Known = base
    if (Object.keys(change).length > 0) {
      now = await act(() => strongroom.secrets.updateMetadata(base.id, change, { ifMatch }))
    } else if (changed.has('List')) {
      now = await strongroom.secrets.metadata(base.id)
      if (now.etag !== ifMatch) return setTheirs(now)
    }
    // If the move fails, the rest is done: the next try begins there.
    setBase(now)
    setTheirs(undefined)
    if (changed.has('List')) await act(() => strongroom.lists.move(mine.list.id, base.id))
    toast(`${base.name} is changed`)
    await refresh()
    onClose()
  }
  const save = async (ifMatch: string) => {
    setBusy(true)
    setError(undefined)
    try {
      await send(ifMatch)
    } catch (failure) {
      const now =
        codeOf(failure) === 'stale_version'
          ? await strongroom.secrets.metadata(base.id).catch(() => undefined)
          : undefined
      if (now !== undefined) setTheirs(now)
      else if (!(failure instanceof Cancelled)) setError(failure)
    } finally {
      setBusy(false)
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void save(base.etag)
  }
  const faults = faultsOf(error)
  return (
    <form className="stack" onSubmit={submit}>
      {error !== undefined && Object.keys(faults).length === 0 ? <Note kind="bad">{sentenceOf(error)}</Note> : null}
      {theirs === undefined ? null : <DetailsConflict base={base} theirs={theirs} mine={mine} />}
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
        <Button
          onPress={() => {
            if (theirs !== undefined) void refresh()
            onClose()
          }}
        >
          {theirs === undefined ? 'Cancel' : 'Keep theirs'}
        </Button>
        {theirs === undefined ? (
          <Button type="submit" look="primary" isDisabled={isBusy}>
            Save
          </Button>
        ) : (
          <Button look="danger" isDisabled={isBusy} onPress={() => void save(theirs.etag)}>
            Save mine
          </Button>
        )}
      </div>
    </form>
  )
}
