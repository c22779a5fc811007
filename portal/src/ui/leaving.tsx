/** Asks whether what is typed and not saved may go. */
import { Dialog } from './dialog.tsx'
import { Discarding } from './discarding.tsx'
import { answerLeaving, useAskedToLeave } from './unsaved.ts'

export function LeavingDialog() {
  const isAsked = useAskedToLeave()
  return (
    <Dialog title="Discard changes?" isOpen={isAsked} onClose={() => answerLeaving(false)} isAlert>
      <Discarding onKeep={() => answerLeaving(false)} onDiscard={() => answerLeaving(true)} />
    </Dialog>
  )
}
