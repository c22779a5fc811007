/** Storing a new value, on condition that nobody else has meanwhile; if somebody has, the person decides. */
import { type FormEvent, useRef, useState } from 'react'
import { type Metadata, versionTag } from '../../../src/client/index.ts'
import { act, Cancelled, codeOf, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { StaleAhead } from '../deployments/holders.tsx'
import { Button } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { useRefresh } from './queries.ts'
import { type ValueHandle, ValueInput } from './value-input.tsx'

export function ChangeValueDialog({
  secret,
  isOpen,
  onClose,
}: {
  readonly secret: Metadata
  readonly isOpen: boolean
  readonly onClose: () => void
}) {
  return (
    <Dialog title={`New value of ${secret.name}`} isOpen={isOpen} onClose={onClose} isWide>
      <ChangeForm secret={secret} onClose={onClose} />
    </Dialog>
  )
}

interface Conflict {
  readonly version: number
  readonly updatedAt: string
}

function ChangeForm({ secret, onClose }: { readonly secret: Metadata; readonly onClose: () => void }) {
  const value = useRef<ValueHandle>(null)
  const refresh = useRefresh()
  // As it was when the dialog was opened: a refresh behind it must not hide a conflict.
  const [base] = useState(secret.version)
  const [conflict, setConflict] = useState<Conflict>()
  const [trouble, setTrouble] = useState<string>()
  const [fault, setFault] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  /** Whether the lines of the value that was begun with end in CR LF, and are to end so again. */
  const [endsInCrLf, setCrLf] = useState(false)

  const save = async (over: number) => {
    const given = await value.current?.get()
    setFault(given === undefined ? 'Enter a value, or choose a file.' : undefined)
    if (given === undefined) return
    setBusy(true)
    setTrouble(undefined)
    try {
      // A typed text means itself, also where the secret keeps bytes.
      const { encoding } = given
      // A text field knows one kind of line end.
      const text = endsInCrLf && encoding === 'utf-8' ? given.value.replaceAll('\n', '\r\n') : given.value
      await act(() => strongroom.secrets.update(secret.id, { value: text, encoding }, { ifMatch: versionTag(over) }))
      value.current?.clear()
      toast(`${secret.name} has a new value`)
      await refresh()
      onClose()
    } catch (error) {
      if (codeOf(error) === 'stale_version') await showConflict()
      else if (!(error instanceof Cancelled)) setTrouble(sentenceOf(error))
    } finally {
      setBusy(false)
    }
  }
  const showConflict = async () => {
    try {
      const { version, updated_at: updatedAt } = await strongroom.secrets.metadata(secret.id)
      setConflict({ version, updatedAt })
    } catch (error) {
      setTrouble(sentenceOf(error))
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void save(base)
  }
  const loadCurrent = async () => {
    const isTyped = async () => (await value.current?.get()) !== undefined
    const kept = 'What you typed is kept. Empty the field to begin with the current value.'
    setTrouble(undefined)
    if (await isTyped()) return setTrouble(kept)
    try {
      const { value: current } = await act(() => strongroom.secrets.get(secret.id))
      if (await isTyped()) return setTrouble(kept)
      const ends = new Set(current.match(/\r\n|\r|\n/g))
      if (ends.size > 1 || ends.has('\r')) {
        return setTrouble('Its line ends are of several kinds, which a text field would change. Choose a file instead.')
      }
      setCrLf(ends.has('\r\n'))
      value.current?.set(current)
    } catch (error) {
      if (!(error instanceof Cancelled)) setTrouble(sentenceOf(error))
    }
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p className="muted small">
        It becomes version {(conflict?.version ?? base) + 1}. The one before stays in the history.
      </p>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      {conflict === undefined ? null : (
        <Note kind="warn">
          <strong>Somebody else changed it.</strong> You began with version {base}; it is at version {conflict.version}{' '}
          now, stored <Ago time={conflict.updatedAt} />. Keep theirs, or store yours as version {conflict.version + 1}:
          theirs stays in the history.
        </Note>
      )}
      <ValueInput ref={value} label="New value" fault={fault} onEmpty={() => setCrLf(false)} />
      {endsInCrLf ? (
        <p className="muted small">The lines of the current value end in CR LF; so will those of this one.</p>
      ) : null}
      {secret.type === 'text' ? (
        <div>
          <Button small look="quiet" onPress={() => void loadCurrent()}>
            Begin with the current value (one recorded read)
          </Button>
        </div>
      ) : null}
      <StaleAhead secret={secret} />
      <div className="actions">
        <Button
          onPress={() => {
            if (conflict !== undefined) void refresh()
            onClose()
          }}
        >
          {conflict === undefined ? 'Cancel' : 'Keep theirs'}
        </Button>
        {conflict === undefined ? (
          <Button type="submit" look="primary" isDisabled={isBusy}>
            {isBusy ? 'Saving…' : 'Save new value'}
          </Button>
        ) : (
          <Button look="danger" isDisabled={isBusy} onPress={() => void save(conflict.version)}>
            Store mine as version {conflict.version + 1}
          </Button>
        )}
      </div>
    </form>
  )
}
