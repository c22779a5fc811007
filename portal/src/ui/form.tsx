/** Forms in dialogs: one that sends, says what is wrong, and goes when it is done; and one that asks before something is undone. */
import { type FormEvent, type ReactNode, useState } from 'react'
import { faultsOf } from '../api/faults.ts'
import { useAttempt } from './attempt.ts'
import { Button, Field } from './controls.tsx'
import { CancelButton, Dialog, useStaying } from './dialog.tsx'
import { Note } from './states.tsx'

/** What is wrong with the fields of a form, by their names in the API. */
export type Faults = Readonly<Record<string, string | undefined>>

interface FormProps {
  readonly title: string
  readonly onClose: () => void
  /** What it does. When it rejects, the dialog stays and says why. */
  readonly run: () => Promise<unknown>
  readonly submit: string
  readonly isReady?: boolean
}

export function FormDialog({
  title,
  isBad = false,
  isWide = false,
  ...form
}: FormProps & {
  readonly isBad?: boolean
  readonly isWide?: boolean
  /** The fields, which may want to know what was wrong with them. */
  readonly children: ReactNode | ((faults: Faults) => ReactNode)
}) {
  return (
    <Dialog title={title} isOpen onClose={form.onClose} isAlert={isBad} isWide={isWide}>
      <Form {...form} isBad={isBad} />
    </Dialog>
  )
}

function Form({
  onClose,
  run,
  submit,
  isBad,
  isReady = true,
  children,
}: Omit<FormProps, 'title'> & {
  readonly isBad: boolean
  readonly children: ReactNode | ((faults: Faults) => ReactNode)
}) {
  const { trouble, error, isBusy, attempt } = useAttempt()
  useStaying(isBusy)
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (isReady && !isBusy) void attempt(run).then((isDone) => isDone && onClose())
  }
  return (
    <form className="stack" onSubmit={send}>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      {typeof children === 'function' ? children(faultsOf(error)) : children}
      <div className="actions">
        <CancelButton />
        <Button type="submit" look={isBad ? 'danger' : 'primary'} isDisabled={!isReady} isPending={isBusy}>
          {submit}
        </Button>
      </div>
    </form>
  )
}

/** Asks before something that cannot be undone. */
export function Confirm({
  mustType,
  isReady = true,
  children,
  ...form
}: FormProps & {
  /** A name that must be typed, for what destroys much. */
  readonly mustType?: string
  readonly children: ReactNode
}) {
  const [typed, setTyped] = useState('')
  return (
    <FormDialog {...form} isBad isReady={isReady && (mustType === undefined || typed === mustType)}>
      {children}
      {mustType === undefined ? null : (
        <Field
          label="Type its name to confirm"
          value={typed}
          onValue={setTyped}
          placeholder={mustType}
          autoComplete="off"
          spellCheck={false}
          autoFocus
        />
      )}
    </FormDialog>
  )
}
