/** Moves the secrets that are selected to another folder: it renames each, and says first what that does. */
import { useRef, useState } from 'react'
import { useSearchParams } from 'wouter'
import { isSecretName } from '../../../src/model/name.ts'
import { codeOf, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { StaleAheadOfSome } from '../deployments/holders.tsx'
import { Field } from '../ui/controls.tsx'
import { useLater } from '../ui/later.ts'
import { Loaded } from '../ui/states.tsx'
import { counted } from '../ui/words.ts'
import { WhatIfOfMany } from '../what-if/what-if.tsx'
import { isFatal, type Refused } from './bulk.ts'
import { BulkDialog } from './bulk-dialog.tsx'
import { folderIn, inFolder, movedName } from './folders.ts'
import { secretsKey, useHeld } from './queries.ts'
import { type Chosen, chosenOf, type Selecting, type Selection } from './selection.ts'

/** More are moved, and not shown before. */
const previewed = 300

const states = {
  moved: ['Moved', 'ok'],
  same: ['Same', ''],
  taken: ['Name taken', 'bad'],
  invalid: ['Name too long', 'bad'],
} as const

interface Move extends Chosen {
  readonly to: string
  readonly state: keyof typeof states
}

export function MoveToFolderDialog({
  selecting,
  onClose,
}: {
  readonly selecting: Selecting
  readonly onClose: () => void
}) {
  const [query] = useSearchParams()
  const from = folderIn(query)
  const [typed, setTyped] = useState('')
  const folder = typed.trim().replace(/\/+$/, '')
  const isGood = folder === '' || isSecretName(inFolder(folder, 'a'))
  const settled = useLater(folder)
  const moves = useMoves(selecting.selection, from, settled, isGood && settled === folder)
  const held = useHeld(selecting.selection)
  const moved = useRef(new Set<number>())
  const some = moves.data ?? []
  const isShown = isGood && settled === folder && moves.data !== undefined
  const work = some.filter(({ state }) => state === 'moved')
  return (
    <BulkDialog
      selecting={selecting}
      title={`Move ${counted(selecting.count, 'secret')} to a folder`}
      submit="Move"
      did={folder === '' ? 'moved out of folders' : `moved to ${folder}/`}
      isReady={isShown && (work.length > 0 || some.length < selecting.count)}
      what={(group) => rename(group, from, folder, moved.current)}
      onClose={onClose}
    >
      <Field
        label="Folder"
        value={typed}
        onValue={setTyped}
        placeholder="web/db"
        hint="Leave blank for no folder. A folder that doesn’t exist yet is created."
        fault={isGood ? undefined : 'Use letters, digits, “_”, “.” and “-”, with “/” between folders.'}
        maxLength={250}
        spellCheck={false}
        autoComplete="off"
        autoFocus
      />
      {isGood ? (
        <Loaded of={moves} lines={3}>
          {(all) => <Preview of={all} count={selecting.count} />}
        </Loaded>
      ) : null}
      <p className="hint">
        Moving renames secrets: their IDs stay the same. Programs and templates that use the old names will stop
        working.
      </p>
      {work.length === 0 ? null : (
        <>
          <StaleAheadOfSome held={held.data} isUnknown={held.error !== null} isDeletion={false} />
          <WhatIfOfMany ids={work.map(({ id }) => id)} change="rename" />
        </>
      )}
    </BulkDialog>
  )
}

function Preview({ of: moves, count }: { readonly of: readonly Move[]; readonly count: number }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long list is scrolled by keys
    <div className="failures" tabIndex={0} role="region" aria-label="Preview">
      <ul>
        {moves.map(({ id, name, to, state }) => (
          <li key={id}>
            <span className={`tag ${states[state][1]}`}>{states[state][0]}</span>
            <span className="break">{name}</span>
            {state === 'same' ? null : <span className="break muted">→ {to}</span>}
          </li>
        ))}
      </ul>
      {count > moves.length ? <p className="hint">and {counted(count - moves.length, 'more', 'more')}</p> : null}
    </div>
  )
}

/** What becomes of the first of them. */
function useMoves(selection: Selection, from: string | null, to: string, isEnabled: boolean) {
  return useAnswer(
    [...secretsKey, 'moves', selection, from, to],
    async (options): Promise<readonly Move[]> => {
      const some: Chosen[] = []
      for await (const one of chosenOf(selection, options.signal)) if (some.push(one) === previewed) break
      const taken = await namesIn(to, options)
      const given = new Set<string>()
      return some.map(({ id, name }) => {
        const wanted = movedName(name, from, to)
        const isTaken = given.has(wanted) || taken.has(wanted)
        given.add(wanted)
        const state =
          wanted === name ? 'same' : isTaken ? 'taken' : isSecretName(wanted) ? 'moved' : ('invalid' as const)
        return { id, name, to: wanted, state }
      })
    },
    { enabled: isEnabled, staleTime: 0, gcTime: 0 },
  )
}

/** The first names below a folder: where there are others, the server says of each whether it is free. */
async function namesIn(folder: string, options: { readonly signal: AbortSignal }): Promise<ReadonlySet<string>> {
  const within = folder === '' ? {} : { name: `${folder}/*` }
  const { items } = await strongroom.secrets.page({ ...within, sort: 'name', limit: 1000 }, options)
  return new Set(items.map(({ name }) => name))
}

/** Each by itself. @param moved those that were renamed already, should the group be tried again */
async function rename(group: readonly Chosen[], from: string | null, to: string, moved: Set<number>): Promise<Refused> {
  const refused: { readonly id: number; readonly detail: string }[] = []
  for (const { id, name } of group) {
    const wanted = movedName(name, from, to)
    if (wanted === name || moved.has(id)) continue
    try {
      await strongroom.secrets.rename(id, wanted)
      moved.add(id)
    } catch (error) {
      if (isFatal(error)) throw error
      const isTaken = codeOf(error) === 'name_taken'
      refused.push({ id, detail: isTaken ? `There is a secret named ${wanted} already.` : sentenceOf(error) })
    }
  }
  return refused
}
