/** What can be done to the secrets that are selected. */
import { useRef, useState } from 'react'
import { type ManyChanges, strongroom } from '../api/client.ts'
import { environment as current } from '../api/environment.ts'
import { StaleAheadOfSome } from '../deployments/holders.tsx'
import { useEnvironmentNames } from '../session/environments.ts'
import { useKeeping } from '../session/kept.tsx'
import { useRightsIn } from '../session/rights.ts'
import { Field, Select } from '../ui/controls.tsx'
import { expiryTime } from '../ui/time.tsx'
import { counted, wordsOf } from '../ui/words.ts'
import { triedTogether, WhatIfOfMany } from '../what-if/what-if.tsx'
import type { Refused } from './bulk.ts'
import { BulkDialog } from './bulk-dialog.tsx'
import { CopyDialog } from './copy-dialog.tsx'
import { useHeld, useIdsOf, useLists } from './queries.ts'
import { type Chosen, chosenOf, type Selecting } from './selection.ts'
import { useSayDeleted } from './undo.ts'

interface ActionProps {
  readonly selecting: Selecting
  readonly onClose: () => void
}

export function MoveDialog({ selecting, onClose }: ActionProps) {
  const { data: lists = [] } = useLists()
  const [chosen, setChosen] = useState('')
  const list = lists.find(({ id }) => String(id) === chosen)
  return (
    <BulkDialog
      selecting={selecting}
      title={`Move ${counted(selecting.count, 'secret')}`}
      submit="Move"
      did={`moved to ${list?.name ?? ''}`}
      isReady={list !== undefined}
      what={(group) => change(group, { list: list?.name ?? '' })}
      onClose={onClose}
    >
      <Select
        label="To list"
        value={chosen}
        onChoose={setChosen}
        choices={[
          ...(list === undefined ? [{ id: '', label: 'Select a list' }] : []),
          ...lists.map(({ id, name }) => ({ id: String(id), label: name })),
        ]}
      />
    </BulkDialog>
  )
}

/** The environments that secrets of the current one can be copied to. */
export function useCopyTargets(): readonly string[] {
  const rightsIn = useRightsIn()
  const names = useEnvironmentNames()
  if (!rightsIn(current).has('secrets:read')) return []
  return names.filter((name) => name !== current && rightsIn(name).has('secrets:write'))
}

export function CopyManyDialog({ selecting, onClose }: ActionProps) {
  const { selection, count, clear } = selecting
  const targets = useCopyTargets()
  return (
    <CopyDialog
      what={counted(count, 'secret')}
      count={count}
      ways={new Map([[current, targets]])}
      first={current}
      namesIn={async (_, signal) => (await Array.fromAsync(chosenOf(selection, signal))).map(({ name }) => name)}
      onClose={onClose}
      onCopied={clear}
    />
  )
}

export function TagDialog({ selecting, onClose }: ActionProps) {
  const [add, setAdd] = useState('')
  const [remove, setRemove] = useState('')
  const [added, removed] = [wordsOf(add), wordsOf(remove)]
  return (
    <BulkDialog
      selecting={selecting}
      title={`Tag ${counted(selecting.count, 'secret')}`}
      submit="Apply"
      did="tagged"
      isReady={added.length + removed.length > 0}
      what={(group) => change(group, { add_tags: added, remove_tags: removed })}
      onClose={onClose}
    >
      <Field
        label="Add tags"
        value={add}
        onValue={setAdd}
        placeholder="team:web, prod"
        hint="Separate tags with commas or spaces."
        autoFocus
      />
      <Field label="Remove tags" value={remove} onValue={setRemove} />
    </BulkDialog>
  )
}

/** Changes a group, and tells what was refused. */
async function change(group: readonly Chosen[], changes: Omit<ManyChanges, 'ids'>): Promise<Refused> {
  return (await strongroom.secrets.changeMany({ ids: group.map(({ id }) => id), ...changes })).failed
}

export function ExpiryDialog({ selecting, onClose }: ActionProps) {
  const [day, setDay] = useState('')
  return (
    <BulkDialog
      selecting={selecting}
      title={`Set expiry of ${counted(selecting.count, 'secret')}`}
      submit={day === '' ? 'Clear expiry' : 'Set expiry'}
      did={day === '' ? 'set to never expire' : 'updated'}
      what={(group) => change(group, { expires_at: expiryTime(day) })}
      onClose={onClose}
    >
      <Field
        label="Expires on"
        type="date"
        value={day}
        onValue={setDay}
        hint="Leave blank for no expiry. Expired secrets can still be read."
        autoFocus
      />
    </BulkDialog>
  )
}

export function DeleteManyDialog({ selecting, onClose }: ActionProps) {
  const { selection, count } = selecting
  const held = useHeld(selection)
  const ids = useIdsOf(selection, triedTogether + 1)
  const keeping = useKeeping()
  const sayDeleted = useSayDeleted()
  const deletions = useRef<(number | undefined)[]>([])
  const remove = async (group: readonly Chosen[]) => {
    const { deleted, failed } = await strongroom.secrets.deleteMany(group.map(({ id }) => id))
    deletions.current.push(...deleted.map(({ deletion }) => deletion))
    return failed
  }
  return (
    <BulkDialog
      selecting={selecting}
      title={`Delete ${counted(count, 'secret')}?`}
      submit={keeping.submit}
      did="deleted"
      isBad
      what={remove}
      say={(what) => sayDeleted(what, deletions.current)}
      onClose={onClose}
    >
      <p className="small">
        Deletes every version of {count === 1 ? 'it' : 'them'}. Programs that read {count === 1 ? 'it' : 'them'} will
        fail. {keeping.sentence}
      </p>
      <StaleAheadOfSome held={held.data} isUnknown={held.error !== null} />
      <WhatIfOfMany ids={ids.data} change="remove" />
    </BulkDialog>
  )
}
