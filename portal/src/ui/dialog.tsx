/** Dialogs: a title, what it is about, and buttons at the end; and the one that a page has open. */
import {
  createContext,
  type FormEvent,
  Fragment,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
} from 'react'
import { Dialog as AriaDialog } from 'react-aria-components/Dialog'
import { Heading } from 'react-aria-components/Heading'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { Button } from './controls.tsx'
import { Discarding } from './discarding.tsx'
import { useUnsaved } from './unsaved.ts'

/** As long as the way of the focus back takes. */
const afterMs = 60

/** The dialog that something is in. */
interface Around {
  /** Closes it, once somebody has said that what they typed into it may go. */
  readonly dismiss: () => void
  /** Whether it stays until what was sent from it is answered. */
  readonly isStaying: boolean
  readonly stay: (isStaying: boolean) => void
}

const Around = createContext<Around | undefined>(undefined)

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
  useFocusAfter(isOpen)
  // What is typed to confirm something is worth nothing.
  const { isTouched, touch, isAsking, setAsking } = useTouched(isOpen, !isAlert && !isFirm)
  const dismiss = () => (isTouched ? setAsking(true) : onClose())
  const [isStaying, stay] = useState(false)
  useUnsaved(isOpen && isStaying)
  const isKept = isFirm || isStaying
  return (
    <ModalOverlay
      className={`overlay fade-in ${isFirm ? 'firm' : ''}`}
      isOpen={isOpen}
      onOpenChange={(open) => !open && dismiss()}
      isDismissable={!isKept}
      isKeyboardDismissDisabled={isKept}
    >
      <Modal className={`modal ${isWide ? 'wide' : ''}`}>
        <AriaDialog className="dialog" role={isAlert ? 'alertdialog' : 'dialog'}>
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {/* What is typed bubbles up to here. */}
          <div className="dialog-content" onInput={touch}>
            <Around value={{ dismiss, isStaying, stay }}>{children}</Around>
          </div>
          {isAsking ? <AskToDiscard onKeep={() => setAsking(false)} onDiscard={onClose} /> : null}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

/** Of the dialog that it is in: it does what Escape does. */
export function CancelButton() {
  const around = useContext(Around)
  return (
    <Button onPress={() => around?.dismiss()} isDisabled={around?.isStaying === true}>
      Cancel
    </Button>
  )
}

/** While something is on its way that is done all the same, its dialog is not called off: it says what becomes of it. */
export function useStaying(isBusy: boolean): void {
  const stay = useContext(Around)?.stay
  useEffect(() => {
    if (!isBusy) return undefined
    stay?.(true)
    return () => stay?.(false)
  }, [isBusy, stay])
}

/**
 * Whether somebody typed into it, so that Cancel, Escape, a click beside it, going back, or closing the window asks before that is
 * lost.
 */
function useTouched(isOpen: boolean, isKept: boolean) {
  const [hasText, setHasText] = useState(false)
  const [isAsking, setAsking] = useState(false)
  const isTouched = isOpen && isKept && hasText
  useUnsaved(isTouched)
  useEffect(() => {
    if (isOpen) return
    setHasText(false)
    setAsking(false)
  }, [isOpen])
  const touch = ({ target }: FormEvent) => {
    if (isTyped(target)) setHasText(true)
  }
  return { isTouched, touch, isAsking, setAsking }
}

/** What is searched for, or proves who one is, is lost to nobody. */
function isTyped(target: EventTarget): boolean {
  if (target instanceof HTMLTextAreaElement) return true
  if (!(target instanceof HTMLInputElement)) return false
  const isProof = target.autocomplete === 'current-password' || target.autocomplete === 'one-time-code'
  return !isProof && !['checkbox', 'radio', 'search'].includes(target.type)
}

function AskToDiscard({ onKeep, onDiscard }: { readonly onKeep: () => void; readonly onDiscard: () => void }) {
  return (
    <ModalOverlay className="overlay fade-in" isOpen onOpenChange={(open) => !open && onKeep()}>
      <Modal className="modal">
        <AriaDialog className="dialog" role="alertdialog">
          <Heading slot="title" level={2}>
            Discard changes?
          </Heading>
          <Discarding onKeep={onKeep} onDiscard={onDiscard} />
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

/** Where the focus goes when a dialog has closed, and what opened it is gone: to a row of a table, or else to the page. */
function useFocusAfter(isOpen: boolean) {
  useEffect(() => {
    if (!isOpen) return undefined
    return () => {
      // After React Aria has given it back to what opened it, if that is still there.
      setTimeout(() => {
        if (document.activeElement !== document.body) return
        const home = document.querySelector<HTMLElement>('[data-home]') ?? document.getElementById('main')
        home?.focus({ preventScroll: true })
      }, afterMs)
    }
  }, [isOpen])
}

/** Makes a dialog, which is closed by what it is given. */
export type MakeDialog = (close: () => void) => ReactNode

/**
 * The dialogs that a page has open, mostly one or none. What is opened while another is open stands above it, as it may be a late
 * answer, and somebody may be typing into the other one.
 */
export function useDialog(): { readonly dialog: ReactNode; readonly open: (make: MakeDialog) => void } {
  const [shown, setShown] = useState<readonly { readonly number: number; readonly content: ReactNode }[]>([])
  const count = useRef(0)
  const open = useCallback((make: MakeDialog) => {
    const number = ++count.current
    const close = () => setShown((all) => all.filter((one) => one.number !== number))
    setShown((all) => [...all, { number, content: make(close) }])
  }, [])
  return { dialog: shown.map(({ number, content }) => <Fragment key={number}>{content}</Fragment>), open }
}
