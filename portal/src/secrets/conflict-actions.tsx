/** The buttons of a form that is saved on condition that nobody else has changed the secret meanwhile; if so, the person decides. */
import { Button } from '../ui/controls.tsx'
import { CancelButton } from '../ui/dialog.tsx'
import { useRefreshSecrets } from './queries.ts'

export function ConflictActions({
  save,
  isBusy,
  over,
  onClose,
}: {
  /** What the button says while there is no conflict. */
  readonly save: string
  readonly isBusy: boolean
  /** With a conflict: what saving one's own over theirs is called, and does. */
  readonly over: { readonly label: string; readonly save: () => void } | undefined
  readonly onClose: () => void
}) {
  const refresh = useRefreshSecrets()
  if (over === undefined) {
    return (
      <div className="actions">
        <CancelButton />
        <Button type="submit" look="primary" isPending={isBusy}>
          {save}
        </Button>
      </div>
    )
  }
  return (
    <div className="actions">
      <Button
        onPress={() => {
          void refresh()
          onClose()
        }}
      >
        Keep theirs
      </Button>
      <Button look="danger" isPending={isBusy} onPress={over.save}>
        {over.label}
      </Button>
    </div>
  )
}
