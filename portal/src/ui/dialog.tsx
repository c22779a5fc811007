/** Dialogs: a title, what it is about, and buttons at the end. */
import type { ReactNode } from 'react'
import { Dialog as AriaDialog } from 'react-aria-components/Dialog'
import { Heading } from 'react-aria-components/Heading'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'

export function Dialog({
  title,
  isOpen,
  onClose,
  isWide = false,
  isFirm = false,
  isAlert = false,
  children,
}: {
  readonly title: string
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly isWide?: boolean
  /** Does not go away by a click beside it or by Escape. */
  readonly isFirm?: boolean
  readonly isAlert?: boolean
  readonly children: ReactNode
}) {
  return (
    <ModalOverlay
      className={`overlay fade-in ${isFirm ? 'firm' : ''}`}
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable={!isFirm}
      isKeyboardDismissDisabled={isFirm}
    >
      <Modal className={`modal ${isWide ? 'wide' : ''}`}>
        <AriaDialog className="dialog" role={isAlert ? 'alertdialog' : 'dialog'}>
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}
