/** A dialog that asks before something that cannot be undone, and a form in a dialog. */
import { type FormEvent, type ReactNode, useState } from 'react'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { Button } from './controls.tsx'
import { Dialog } from './dialog.tsx'
import { Note } from './states.tsx'

/** @param run what it does; when it rejects, the dialog stays and says why */
export function FormDialog({
  title,
  isOpen,
  onClose,
  run,
  submit,
  isBad = false,
  isReady = true,
  isWide = false,
  children,
}: {
  readonly title: string
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly run: () => Promise<unknown>
  readonly submit: string
  readonly isBad?: boolean
  readonly isReady?: boolean
  readonly isWide?: boolean
  readonly children: ReactNode
}) {
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose} isAlert={isBad} isWide={isWide}>
      <DialogForm onClose={onClose} run={run} submit={submit} isBad={isBad} isReady={isReady}>
        {children}
      </DialogForm>
    </Dialog>
  )
}

function DialogForm({
  onClose,
  run,
  submit,
  isBad,
  isReady,
  children,
}: {
  readonly onClose: () => void
  readonly run: () => Promise<unknown>
  readonly submit: string
  readonly isBad: boolean
  readonly isReady: boolean
  readonly children: ReactNode
}) {
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const send = async (event: FormEvent) => {
    event.preventDefault()
    if (!isReady) return
    setBusy(true)
    setTrouble(undefined)
    try {
      await act(run)
      onClose()
    } catch (error) {
      if (!(error instanceof Cancelled)) setTrouble(sentenceOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="stack" onSubmit={(event) => void send(event)}>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      {children}
      <div className="actions">
        <Button onPress={onClose}>Cancel</Button>
        <Button type="submit" look={isBad ? 'danger' : 'primary'} isDisabled={isBusy || !isReady}>
          {submit}
        </Button>
      </div>
    </form>
  )
}
