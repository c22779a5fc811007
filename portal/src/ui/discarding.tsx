/** What is asked before what somebody typed is lost. */
import { Button } from './controls.tsx'

export function Discarding({ onKeep, onDiscard }: { readonly onKeep: () => void; readonly onDiscard: () => void }) {
  return (
    <>
      <p className="small">What you typed hasn&rsquo;t been saved.</p>
      <div className="actions">
        <Button onPress={onDiscard}>Discard</Button>
        <Button look="primary" onPress={onKeep} autoFocus>
          Keep editing
        </Button>
      </div>
    </>
  )
}
