/** Short messages in the corner that go by themselves. */
import { CircleAlert, CircleCheck } from 'lucide-react'
import { useSyncExternalStore } from 'react'

interface Toast {
  readonly id: number
  readonly text: string
  readonly isBad: boolean
}

const shownMs = 5_000
let toasts: readonly Toast[] = []
let count = 0
const listeners = new Set<() => void>()

function set(next: readonly Toast[]): void {
  toasts = next
  for (const tell of listeners) tell()
}

/** @param text never holds a value */
export function toast(text: string, isBad = false): void {
  const id = ++count
  set([...toasts.slice(-2), { id, text, isBad }])
  setTimeout(() => set(toasts.filter((one) => one.id !== id)), shownMs)
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
      {shown.map(({ id, text, isBad }) => (
        <div key={id} className={`toast fade-in ${isBad ? 'bad' : ''}`}>
          {isBad ? <CircleAlert size={16} aria-hidden /> : <CircleCheck size={16} aria-hidden />}
          {text}
        </div>
      ))}
    </div>
  )
}
