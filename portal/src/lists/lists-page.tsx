/** The lists that secrets are kept in. */
import { FolderClosed, FolderPlus, Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { type List, strongroom } from '../api/client.ts'
import { StaleAheadOfList } from '../deployments/holders.tsx'
import { useLists, useRefreshSecrets, useSome, useSummary } from '../secrets/queries.ts'
import { useSayDeleted } from '../secrets/undo.ts'
import { useKeeping } from '../session/kept.tsx'
import { useRights } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Button, Field, IconButton } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Loaded } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { triedTogether, WhatIfOfMany } from '../what-if/what-if.tsx'

interface Row {
  readonly list: List
  /** Not known before they are counted. */
  readonly count: number | undefined
  readonly onRename: (() => void) | undefined
  readonly onDelete: (() => void) | undefined
}

const columns: readonly Column<Row>[] = [
  {
    id: 'name',
    head: 'Name',
    look: 'break',
    cell: ({ list: { name } }) => <Link href={`/secrets?list=${encodeURIComponent(name)}`}>{name}</Link>,
  },
  { id: 'secrets', head: 'Secrets', cell: ({ count }) => count ?? '…' },
  { id: 'created', head: 'Created', from: 480, look: 'muted', cell: ({ list }) => <Ago time={list.created_at} /> },
  { id: 'actions', head: 'Actions', isHeadHidden: true, look: 'actions-cell', cell: (row) => <Actions of={row} /> },
]

export function ListsPage() {
  const lists = useLists()
  const { data: summary } = useSummary()
  const rights = useRights()
  const { dialog, open } = useDialog()
  const counts = summary && new Map(summary.lists.map(({ id, secrets }) => [id, secrets]))
  const rowOf = (list: List): Row => ({
    list,
    count: counts === undefined ? undefined : (counts.get(list.id) ?? 0),
    onRename: rights.hasAll('secrets:write')
      ? () => open((close) => <NameDialog list={list} onClose={close} />)
      : undefined,
    onDelete: rights.has('secrets:delete')
      ? () => open((close) => <DeleteDialog list={list} onClose={close} />)
      : undefined,
  })
  return (
    <Page
      title="Lists"
      about="Lists group secrets, such as by team, app or machine. Every secret is in one."
      actions={
        rights.has('secrets:write') ? (
          <Button look="primary" onPress={() => open((close) => <NameDialog onClose={close} />)} data-new>
            <FolderPlus size={14} aria-hidden />
            New list
          </Button>
        ) : null
      }
    >
      <Card label="Lists">
        <Loaded of={lists}>
          {(all) => (
            <Table
              label="Table of lists"
              columns={columns}
              rows={all.map(rowOf)}
              keyOf={({ list }) => list.id}
              empty={
                <Empty icon={FolderClosed} title="No lists yet">
                  The list “default” is made with the first secret. Make others to keep what belongs together in one
                  place.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Card>
      {dialog}
    </Page>
  )
}

function Actions({ of: { list, onRename, onDelete } }: { readonly of: Row }) {
  return (
    <>
      {onRename === undefined ? null : (
        <IconButton label={`Rename ${list.name}`} small onPress={onRename}>
          <Pencil size={14} aria-hidden />
        </IconButton>
      )}
      {onDelete === undefined ? null : (
        <IconButton label={`Delete ${list.name}`} small look="quiet bad" onPress={onDelete}>
          <Trash2 size={14} aria-hidden />
        </IconButton>
      )}
    </>
  )
}

function NameDialog({ list, onClose }: { readonly list?: List; readonly onClose: () => void }) {
  const [name, setName] = useState(list?.name ?? '')
  const refresh = useRefreshSecrets()
  const wanted = name.trim()
  return (
    <FormDialog
      title={list === undefined ? 'New list' : `Rename ${list.name}`}
      onClose={onClose}
      submit={list === undefined ? 'Create list' : 'Rename'}
      isReady={wanted !== ''}
      run={async () => {
        if (list === undefined) await strongroom.lists.create({ name: wanted })
        else await strongroom.lists.rename(list.id, wanted)
        toast(list === undefined ? `${wanted} created` : `Renamed to ${wanted}`)
        await refresh()
      }}
    >
      <Field
        label="Name"
        value={name}
        onValue={setName}
        maxLength={128}
        hint={
          list === undefined
            ? 'Such as Production, or Web servers.'
            : 'Programs that ask for the list by its name must be changed too.'
        }
        autoFocus
        required
      />
    </FormDialog>
  )
}

function DeleteDialog({ list, onClose }: { readonly list: List; readonly onClose: () => void }) {
  const { data: summary } = useSummary()
  const some = useSome({ list: list.name }, triedTogether + 1)
  const rights = useRights()
  const refresh = useRefreshSecrets()
  const keeping = useKeeping()
  const sayDeleted = useSayDeleted()
  const seen = summary && (summary.lists.find(({ id }) => id === list.id)?.secrets ?? 0)
  // Whoever sees some of them alone does not know how many there are.
  const count = rights.hasAll('secrets:list') ? seen : undefined
  return (
    <Confirm
      title={`Delete ${list.name}?`}
      onClose={onClose}
      submit={keeping.submit}
      mustType={list.name}
      run={async () => {
        sayDeleted(list.name, [await strongroom.lists.delete(list.id)])
        await refresh()
      }}
    >
      <p className="small">
        {lossOf(count)} {keeping.sentence} If you may not delete one of them, nothing is deleted.
      </p>
      {count === 0 ? null : <StaleAheadOfList list={list.name} />}
      <WhatIfOfMany ids={some.data?.map(({ id }) => id)} change="remove" />
    </Confirm>
  )
}

function lossOf(count: number | undefined): string {
  if (count === undefined) return 'With it go all of its secrets, every version of each.'
  if (count === 0) return 'The list is empty.'
  if (count === 1) return 'With it goes its one secret, every version of it.'
  return `With it go its ${count} secrets, every version of each.`
}
