/** Replacing the key of the account: how far it is, and going on where it was broken off. */
import { useState } from 'react'
import { type AccountKey, strongroom } from '../api/client.ts'
import { useRefresh } from '../api/queries.ts'
import { useSummary } from '../secrets/queries.ts'
import { useAttempt } from '../ui/attempt.ts'
import { Button } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Progress } from '../ui/progress.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { accountKey } from './queries.ts'

export function RotateDialog({ from, onClose }: { readonly from: AccountKey; readonly onClose: () => void }) {
  const refresh = useRefresh(accountKey)
  const { data: summary } = useSummary()
  const [now, setNow] = useState<AccountKey>()
  const { attempt, trouble, isBusy } = useAttempt()
  const total = Math.max(from.outdated, summary?.secrets ?? 0, now?.outdated ?? 0)
  const isDone = now !== undefined && !now.rotating
  const rotate = async () => {
    await attempt(async () => {
      const done = await strongroom.account.rotateKey(setNow)
      toast(`Account key rotated to version ${done.version}`)
    })
    await refresh()
  }
  return (
    <Dialog title="Rotate account key" isOpen onClose={onClose} isFirm={isBusy}>
      {trouble === undefined ? null : (
        <Note kind="bad">{trouble} What’s done stays done. Rotate again to continue.</Note>
      )}
      {isDone ? (
        <Note kind="ok">
          All secrets now use version {now.version}. The previous version is destroyed; older backups still contain it.
        </Note>
      ) : isBusy || now !== undefined ? (
        <Progress done={now === undefined ? 0 : total - now.outdated} total={total} label="Secrets using the new key" />
      ) : (
        <p className="small">
          {from.rotating ? 'Finishes replacing' : 'Replaces'} version {from.version} with a new key. Takes a few seconds
          for thousands of secrets. If interrupted, it continues where it stopped.
        </p>
      )}
      <div className="actions">
        <Button onPress={onClose} isDisabled={isBusy}>
          {isDone ? 'Close' : 'Cancel'}
        </Button>
        {isDone ? null : (
          <Button look="primary" onPress={() => void rotate()} isDisabled={isBusy}>
            {isBusy ? 'Rotating…' : from.rotating || now !== undefined ? 'Continue' : 'Rotate'}
          </Button>
        )}
      </div>
    </Dialog>
  )
}
