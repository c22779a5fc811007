/** What is shown this once, such as a new key or a one-time link: it is copied, and goes by its button alone. */
import type { ReactNode } from 'react'
import { Button } from './controls.tsx'
import { Dialog } from './dialog.tsx'

export function OnceDialog({
  title,
  isWide = false,
  close = 'I’ve saved it',
  onClose,
  children,
}: {
  readonly title: string
  readonly isWide?: boolean
  /** What its button says: of what is sent on or used at once, nobody keeps anything. */
  readonly close?: string
  readonly onClose: () => void
  /** What to do with it, and the texts, each a `CopyOnce`. */
  readonly children: ReactNode
}) {
  return (
    <Dialog title={title} isOpen onClose={() => undefined} isFirm isWide={isWide}>
      <div className="stack">
        {children}
        <div className="actions">
          <Button look="primary" onPress={onClose}>
            {close}
          </Button>
        </div>
      </div>
    </Dialog>
  )
}
