/** Changing what is known of a secret, and the list it is in, on condition that nobody else has meanwhile. */
import { type FormEvent, useState } from 'react'
import { codeOf } from '../api/ask.ts'
import { type List, type Metadata, strongroom, type Tagged } from '../api/client.ts'
import { faultsOf } from '../api/faults.ts'
import { useAttempt } from '../ui/attempt.ts'
import { Field, Select } from '../ui/controls.tsx'
import { Dialog, useStaying } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { expiryDay, expiryTime } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { ConflictActions } from './conflict-actions.tsx'
import { changedFacts, DetailsConflict } from './details-conflict.tsx'
import { type Details, DetailsFields } from './details-fields.tsx'
import { useLists, useRefreshSecrets } from './queries.ts'

type Known = Metadata & Tagged

export function EditDetailsDialog({ secret, onClose }: { readonly secret: Known; readonly onClose: () => void }) {
  return (
    <Dialog title={`Edit ${secret.name}`} isOpen onClose={onClose}>
      <EditForm secret={secret} onClose={onClose} />
    </Dialog>
  )
}

/** What is typed. */
interface Draft extends Details {
  /** The id of its list. */
  readonly list: string
  readonly filename: string
}

function draftOf({ list, filename, description, tags, expires_at: time }: Known): Draft {
  return { list: String(list?.id), filename: filename ?? '', description, tags, expires: expiryDay(time) }
}

/** The secret as it would be. */
function withDraft(base: Known, draft: Draft, lists: readonly Pick<List, 'id' | 'name'>[]): Known {
  const { list, filename, description, tags, expires } = draft
  return {
    ...base,
    description,
    tags,
    filename: filename.trim() === '' ? null : filename.trim(),
    list: lists.find(({ id }) => String(id) === list) ?? base.list,
    // The day alone is edited: a time of that day that somebody else gave stays.
    expires_at: expires === expiryDay(base.expires_at) ? base.expires_at : expiryTime(expires),
  }
}

function EditForm({ secret, onClose }: { readonly secret: Known; readonly onClose: () => void }) {
  const { data: lists = secret.list === null ? [] : [secret.list] } = useLists()
  const [draft, setDraft] = useState(() => draftOf(secret))
  const { save, base, theirs, error, trouble, isBusy } = useSave(secret, onClose)
  const mine = withDraft(base, draft, lists)
  const faults = faultsOf(error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isBusy) void save(mine, base.etag)
  }
  return (
    <form className="stack" onSubmit={submit}>
      {trouble !== undefined && Object.keys(faults).length === 0 ? <Note kind="bad">{trouble}</Note> : null}
      {theirs === undefined ? null : <DetailsConflict base={base} theirs={theirs} mine={mine} />}
      <Select
        label="List"
        value={draft.list}
        onChoose={(list) => setDraft({ ...draft, list })}
        choices={lists.map(({ id, name }) => ({ id: String(id), label: name }))}
      />
      {secret.type === 'file' ? (
        <Field
          label="File name"
          value={draft.filename}
          onValue={(filename) => setDraft({ ...draft, filename })}
          hint="What it is called when it is downloaded."
          fault={faults['filename']}
        />
      ) : null}
      <DetailsFields details={draft} onChange={(details) => setDraft({ ...draft, ...details })} faults={faults} />
      <ConflictActions
        save="Save"
        isBusy={isBusy}
        over={theirs && { label: 'Save mine', save: () => void save(mine, theirs.etag) }}
        onClose={onClose}
      />
    </form>
  )
}

/** Saves what differs; what somebody else changed meanwhile is `theirs`. */
function useSave(secret: Known, onClose: () => void) {
  const refresh = useRefreshSecrets()
  // As it was when the dialog was opened: a refresh behind it must not hide a conflict.
  const [base, setBase] = useState(secret)
  const [theirs, setTheirs] = useState<Known>()
  const { attempt, ...state } = useAttempt()
  useStaying(state.isBusy)
  const send = async (mine: Known, ifMatch: string) => {
    const change = changeOf(base, mine)
    const isMoved = changedFacts(base, mine).has('List')
    let now: Known = base
    if (Object.keys(change).length > 0) {
      now = { ...base, ...(await strongroom.secrets.updateMetadata(base.id, change, { ifMatch })) }
    } else if (isMoved) {
      now = await strongroom.secrets.metadata(base.id)
      if (now.etag !== ifMatch) return setTheirs(now)
    }
    // If the move fails, the rest is done: the next try begins there.
    setBase(now)
    setTheirs(undefined)
    if (isMoved && mine.list !== null) await strongroom.lists.move(mine.list.id, base.id)
    toast(`${base.name} updated`)
    await refresh()
    onClose()
  }
  const save = (mine: Known, ifMatch: string) =>
    attempt(async () => {
      try {
        await send(mine, ifMatch)
      } catch (failure) {
        if (codeOf(failure) !== 'stale_version') throw failure
        const now = await strongroom.secrets.metadata(base.id).catch(() => undefined)
        if (now === undefined) throw failure
        setTheirs(now)
      }
    })
  return { save, base, theirs, ...state }
}

/** What was left as it was is not sent: it may be another by now. */
function changeOf(base: Known, mine: Known) {
  const changed = changedFacts(base, mine)
  return {
    ...(changed.has('Description') ? { description: mine.description } : {}),
    ...(changed.has('Tags') ? { tags: mine.tags } : {}),
    ...(changed.has('Expires on') ? { expires_at: mine.expires_at } : {}),
    ...(changed.has('File name') ? { filename: mine.filename } : {}),
  }
}
