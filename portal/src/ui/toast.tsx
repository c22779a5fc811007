/** Short messages in the corner that go by themselves. */
import { CircleAlert, CircleCheck } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { Button } from './controls.tsx'

interface Toast {
  readonly id: number
  readonly text: string
  readonly isBad: boolean
  /** Takes back what was done. */
  readonly undo: (() => void) | undefined
}

const shownMs = 5_000
/** Whoever may take something back has time to read that. */
const undoMs = 12_000
let toasts: readonly Toast[] = []
let count = 0
const listeners = new Set<() => void>()

function set(next: readonly Toast[]): void {
  toasts = next
  for (const tell of listeners) tell()
}

/** @param text never holds a value */
export function toast(text: string, isBad = false): void {
  show(text, isBad, undefined)
}

/** Of something that can be taken back. */
export function toastUndo(text: string, undo: () => void): void {
  show(text, false, undo)
}

function show(text: string, isBad: boolean, undo: (() => void) | undefined): void {
  const id = ++count
  set([...toasts.slice(-2), { id, text, isBad, undo }])
  setTimeout(() => drop(id), undo === undefined ? shownMs : undoMs)
}

function drop(id: number): void {
  set(toasts.filter((one) => one.id !== id))
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => toasts,
  )
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, isBad, undo }) => (
        <div key={id} className={`toast fade-in ${isBad ? 'bad' : ''}`}>
          {isBad ? <CircleAlert size={16} aria-hidden /> : <CircleCheck size={16} aria-hidden />}
          {text}
          {undo === undefined ? null : (
            <Button
              small
              onPress={() => {
                drop(id)
                undo()
              }}
            >
              Undo
            </Button>
          )}
        </div>
      ))}
    </div>
  )
}
