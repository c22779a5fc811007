/** An environment made again what it was at a time: what that does, first, and then all of it or nothing. */
import { useState } from 'react'
import { type RollingBack, strongroom, type Rollback as Tried } from '../api/client.ts'
import { useAnswer, useRefresh } from '../api/queries.ts'
import { environmentsKey } from '../session/environments.ts'
import { deletedKey } from '../session/kept.tsx'
import { useRightsIn } from '../session/rights.ts'
import type { Column } from '../ui/columns.ts'
import { Checkbox, Field } from '../ui/controls.tsx'
import { FormDialog } from '../ui/form.tsx'
import { useSettled } from '../ui/later.ts'
import { Loading, Note, Trouble } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { toast } from '../ui/toast.tsx'
import { counted } from '../ui/words.ts'

type Item = Tried['items'][number]

/** So many go at once, as the server has it. */
const maxAtOnce = 100

export function RollbackDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const [at, setAt] = useState('')
  const [only, setOnly] = useState('')
  const [deletes, setDeletes] = useState(false)
  const mayDelete = useRightsIn()(name).has('secrets:delete')
  const refresh = useRefresh(environmentsKey, ['secrets'], ['lists'], ['deployments'], deletedKey)
  const input = inputOf(at, only.trim(), deletes)
  const preview = usePreview(name, input)
  const count = preview.data?.items.filter((item) => isDone(item, deletes)).length ?? 0
  return (
    <FormDialog
      title={`Roll back ${name}`}
      isWide
      onClose={onClose}
      submit={count === 0 ? 'Roll back' : `Roll back ${counted(count, 'secret')}`}
      isReady={count > 0 && count <= maxAtOnce}
      run={async () => {
        if (input === undefined) return
        const { items } = await strongroom.deleted.rollBack(input, { environment: name })
        toast(`${counted(items.filter((item) => isDone(item, deletes)).length, 'secret')} rolled back in ${name}`)
        await refresh()
      }}
    >
      {(faults) => (
        <>
          <p className="small">Secrets get the values they had at that time, as new versions. Their history is kept.</p>
          <Field
            label="Roll back to"
            type="datetime-local"
            value={at}
            onValue={setAt}
            max={localTime(Date.now())}
            fault={faults['to']}
            hint="In your time zone."
            autoFocus
            required
          />
          <Field
            label="Limit to secrets"
            value={only}
            onValue={setOnly}
            fault={faults['name']}
            placeholder="db-*"
            hint="A name or a pattern with *. Leave blank for all secrets."
            spellCheck={false}
          />
          {mayDelete ? (
            <Checkbox isSelected={deletes} onChange={setDeletes}>
              Delete secrets created since
            </Checkbox>
          ) : null}
          <Preview of={preview} isAsked={input !== undefined} deletes={deletes} count={count} />
        </>
      )}
    </FormDialog>
  )
}

/** Nothing while no time is chosen. */
function inputOf(at: string, only: string, deletes: boolean): RollingBack | undefined {
  const time = new Date(at)
  if (Number.isNaN(time.getTime())) return undefined
  return { to: time.toISOString(), delete_created: deletes, ...(only === '' ? {} : { name: only }) }
}

/** What it would do, once what is asked for stays the same for a moment. Deleting or not, it shows the same. */
function usePreview(name: string, input: RollingBack | undefined) {
  const wanted = input && JSON.stringify([name, input.to, input.name])
  const settled = useSettled(wanted)
  const isSettled = wanted !== undefined && settled === wanted
  const { data, error, refetch } = useAnswer(
    ['rollback', settled],
    async (options) =>
      input === undefined
        ? undefined
        : strongroom.deleted.rollBack({ ...input, dry_run: true }, { ...options, environment: name }),
    { enabled: isSettled, gcTime: 0, staleTime: 0 },
  )
  return isSettled ? { data, error, refetch } : { data: undefined, error: null, refetch }
}

/** Whether something is done to it; the others are only named. */
function isDone({ state }: Item, deletes: boolean): boolean {
  return state === 'changed' || state === 'deleted' || (state === 'created' && deletes)
}

function fateOf({ state, detail }: Item, deletes: boolean): string {
  if (state === 'created') return deletes ? 'Deleted' : 'Kept: created since'
  const fates: Readonly<Record<string, string>> = {
    changed: 'Value restored',
    deleted: 'Restored: deleted since',
    renamed: 'Name stays',
    moved: 'List stays',
    details: 'Details stay',
    lost: 'Can’t be restored',
  }
  return `${fates[state] ?? state}${detail === null ? '' : `. ${detail}`}`
}

const columnsFor = (deletes: boolean): readonly Column<Item>[] => [
  { id: 'name', head: 'Secret', look: 'break', cell: ({ name }) => name },
  { id: 'fate', head: 'What happens', look: 'break', cell: (item) => fateOf(item, deletes) },
  { id: 'now', head: 'Now', width: 80, from: 420, cell: ({ version }) => (version === null ? '–' : `v${version}`) },
  { id: 'then', head: 'Then', width: 80, from: 420, cell: ({ was }) => (was === null ? '–' : `v${was}`) },
]
const [columns, columnsDeleting] = [columnsFor(false), columnsFor(true)]

function Preview({
  of: { data, error, refetch },
  isAsked,
  deletes,
  count,
}: {
  readonly of: ReturnType<typeof usePreview>
  readonly isAsked: boolean
  readonly deletes: boolean
  readonly count: number
}) {
  if (!isAsked) return null
  if (error !== null) return <Trouble error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading lines={2} label="Loading the preview" />
  if (data.items.length === 0) {
    return (
      <p className="small" role="status">
        Nothing has changed since then.
      </p>
    )
  }
  const lost = data.items.filter(({ state }) => state === 'lost').length
  return (
    <section className="stack-s" aria-label="Preview">
      <p className="small" role="status">
        {count === 0 ? 'Nothing to roll back.' : `${counted(count, 'secret')} will be rolled back.`}
        {lost === 0 ? '' : ` ${counted(lost, 'secret')} can’t be restored.`}
      </p>
      {count > maxAtOnce ? (
        <Note kind="warn">At most {maxAtOnce} can be rolled back at once. Limit it to fewer secrets.</Note>
      ) : null}
      <Table
        label="Table of what is rolled back"
        columns={deletes ? columnsDeleting : columns}
        rows={data.items}
        keyOf={({ state, id, name }) => `${state} ${id} ${name}`}
      />
    </section>
  )
}

/** As a field for a time takes it. */
function localTime(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000)
  return date.toISOString().slice(0, 16)
}
