/** Says what was deleted, and offers to undo that where it is kept. */
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { useRefresh } from '../api/queries.ts'
import { environmentsKey } from '../session/environments.ts'
import { useRights } from '../session/rights.ts'
import { toast, toastUndo } from '../ui/toast.tsx'
import { useRefreshSecrets } from './queries.ts'

/** More are restored from their page: each is a request. */
const maxUndone = 1000
/** So many take a while. */
const longFrom = 50

/**
 * @returns what says `<name> deleted`, and `<name> restored` once it was undone; of each that was deleted the id by which it
 * can be, nothing where it is not kept
 *
 * @param right that restoring takes
 */
export function useSayDeleted(right = 'secrets:write'): (name: string, ids: readonly (number | undefined)[]) => void {
  const mayRestore = useRights().has(right)
  const [refresh, refreshEnvironments] = [useRefreshSecrets(), useRefresh(environmentsKey)]
  return (name, ids) => {
    const deletions = ids.filter((id) => id !== undefined)
    const isUndoable = mayRestore && deletions.length > 0 && deletions.length <= maxUndone
    if (!isUndoable) return toast(`${name} deleted`)
    toastUndo(`${name} deleted`, () => {
      void restoreAll(name, deletions).then(() => Promise.all([refresh(), refreshEnvironments()]))
    })
  }
}

/** Restores each by itself: one that cannot be leaves the others. */
async function restoreAll(name: string, deletions: readonly number[]): Promise<void> {
  if (deletions.length >= longFrom) toast(`Restoring ${name}…`)
  let restored = 0
  let trouble: string | undefined
  for (const id of deletions) {
    try {
      await act(() => strongroom.deleted.restore(id))
      restored++
    } catch (error) {
      if (error instanceof Cancelled) break
      trouble ??= sentenceOf(error)
    }
  }
  if (trouble === undefined && restored === deletions.length) return toast(`${name} restored`)
  const count = deletions.length === 1 ? '' : `${restored} of ${name} restored. `
  toast(`${count}${trouble ?? 'The others are under Recently deleted.'}`, true)
}
