/** Storing a new value, on condition that nobody else has meanwhile; if somebody has, the person decides. */
import { type FormEvent, type RefObject, useRef, useState } from 'react'
import { codeOf } from '../api/ask.ts'
import { type Metadata, strongroom, versionTag } from '../api/client.ts'
import { StaleAhead } from '../deployments/holders.tsx'
import { useAttempt } from '../ui/attempt.ts'
import { Button } from '../ui/controls.tsx'
import { Dialog, useStaying } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { ConflictActions } from './conflict-actions.tsx'
import { useRefreshSecrets } from './queries.ts'
import { type ValueHandle, ValueInput } from './value-input.tsx'

export function ChangeValueDialog({ secret, onClose }: { readonly secret: Metadata; readonly onClose: () => void }) {
  return (
    <Dialog title={`New value of ${secret.name}`} isOpen onClose={onClose} isWide>
      <ChangeForm secret={secret} onClose={onClose} />
    </Dialog>
  )
}

function ChangeForm({ secret, onClose }: { readonly secret: Metadata; readonly onClose: () => void }) {
  const value = useRef<ValueHandle>(null)
  // As it was when the dialog was opened: a refresh behind it must not hide a conflict.
  const [base] = useState(secret.version)
  const current = useCurrent(secret, value)
  const { save, conflict, fault, isBusy, trouble } = useSave(secret, value, current.endsInCrLf, onClose)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!isBusy) void save(base)
  }
  const wrong = trouble ?? current.trouble
  return (
    <form className="stack" onSubmit={submit}>
      <p className="muted small">
        Saved as version {(conflict?.version ?? base) + 1}. Earlier versions stay in the history.
      </p>
      {wrong === undefined ? null : <Note kind="bad">{wrong}</Note>}
      {conflict === undefined ? null : <ConflictNote base={base} conflict={conflict} />}
      <ValueInput ref={value} label="New value" fault={fault} onEmpty={current.forget} />
      {current.endsInCrLf ? (
        <p className="muted small">The lines of the current value end in CR LF; so will those of this one.</p>
      ) : null}
      {secret.type === 'file' ? null : (
        <div>
          <Button small look="quiet" onPress={() => void current.load()}>
            Start from current value (logged)
          </Button>
        </div>
      )}
      <StaleAhead secret={secret} />
      <ConflictActions
        save={isBusy ? 'Saving…' : 'Save new value'}
        isBusy={isBusy}
        over={
          conflict && {
            label: `Save mine as version ${conflict.version + 1}`,
            save: () => void save(conflict.version),
          }
        }
        onClose={onClose}
      />
    </form>
  )
}

interface Conflict {
  readonly version: number
  readonly updatedAt: string
}

function ConflictNote({ base, conflict }: { readonly base: number; readonly conflict: Conflict }) {
  return (
    <Note kind="warn">
      <strong>Someone else changed this.</strong> You started from version {base}; it&rsquo;s now at version{' '}
      {conflict.version}, saved <Ago time={conflict.updatedAt} />. Keep theirs, or save yours as version{' '}
      {conflict.version + 1}.
    </Note>
  )
}

/** Stores what was typed, on condition that the secret is at a version. */
function useSave(secret: Metadata, value: RefObject<ValueHandle | null>, endsInCrLf: boolean, onClose: () => void) {
  const refresh = useRefreshSecrets()
  const { attempt, isBusy, trouble } = useAttempt()
  const [conflict, setConflict] = useState<Conflict>()
  const [fault, setFault] = useState<string>()
  useStaying(isBusy)
  const save = async (over: number) => {
    const given = await value.current?.get()
    setFault(given === undefined ? 'Enter a value, or choose a file.' : undefined)
    if (given === undefined) return
    // A typed text means itself, also where the secret keeps bytes.
    const { encoding } = given
    // A text field knows one kind of line end.
    const text = endsInCrLf && encoding === 'utf-8' ? given.value.replaceAll('\n', '\r\n') : given.value
    await attempt(async () => {
      try {
        await strongroom.secrets.update(secret.id, { value: text, encoding }, { ifMatch: versionTag(over) })
      } catch (error) {
        if (codeOf(error) !== 'stale_version') throw error
        const { version, updated_at: updatedAt } = await strongroom.secrets.metadata(secret.id)
        return setConflict({ version, updatedAt })
      }
      value.current?.clear()
      toast(`${secret.name} has a new value`)
      await refresh()
      onClose()
    })
  }
  return { save, conflict, fault, isBusy, trouble }
}

const kept = 'What you typed is kept. Clear the field to start from the current value.'

/** Fills the field with the current value, if nothing is typed in it. */
function useCurrent({ id }: Metadata, value: RefObject<ValueHandle | null>) {
  const { attempt, trouble } = useAttempt()
  /** Whether the lines of the value that was begun with end in CR LF, and are to end so again. */
  const [endsInCrLf, setCrLf] = useState(false)
  const load = () =>
    attempt(async () => {
      const isTyped = async () => (await value.current?.get()) !== undefined
      if (await isTyped()) throw new Error(kept)
      const { value: text } = await strongroom.secrets.get(id, { resolve: false })
      if (await isTyped()) throw new Error(kept)
      const ends = new Set(text.match(/\r\n|\r|\n/g))
      if (ends.size > 1 || ends.has('\r')) {
        throw new Error('Its line ends are of several kinds, which a text field would change. Choose a file instead.')
      }
      setCrLf(ends.has('\r\n'))
      value.current?.set(text)
    })
  return { load, trouble, endsInCrLf, forget: () => setCrLf(false) }
}
