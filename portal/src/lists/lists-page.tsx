/** The lists that secrets are kept in. */
import { FolderClosed, FolderPlus, Pencil, Trash2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link } from 'wouter'
import type { List } from '../../../src/client/index.ts'
import { strongroom } from '../api/client.ts'
import { StaleAheadOfList } from '../deployments/holders.tsx'
import { useLists, useRefresh, useSecrets } from '../secrets/queries.ts'
import { useRights } from '../session/rights.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Field, IconButton } from '../ui/controls.tsx'
import { Empty, Loading, PageHead, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'

type Open = { readonly kind: 'new' } | { readonly kind: 'rename' | 'delete'; readonly list: List }

export function ListsPage() {
  const { data: lists, error, refetch } = useLists()
  const { data: secrets } = useSecrets()
  const rights = useRights()
  const [open, setOpen] = useState<Open>()
  const counts = useMemo(() => {
    const found = new Map<number, number>()
    for (const { list } of secrets ?? []) found.set(list.id, (found.get(list.id) ?? 0) + 1)
    return found
  }, [secrets])
  const mayWrite = rights.has('secrets:write')
  const mayRename = rights.hasAll('secrets:write')
  const mayDelete = rights.has('secrets:delete')
  const close = () => setOpen(undefined)
  return (
    <div className="page">
      <PageHead title="Lists" about="Every secret is in one list: by team, by environment, by machine, as you like.">
        {mayWrite ? (
          <Button look="primary" onPress={() => setOpen({ kind: 'new' })} data-new>
            <FolderPlus size={14} aria-hidden />
            New list
          </Button>
        ) : null}
      </PageHead>
      <section className="card" aria-label="Lists">
        {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
        {lists === undefined && error === null ? <Loading /> : null}
        {lists?.length === 0 ? (
          <Empty icon={FolderClosed} title="No list yet">
            The list “default” is made with the first secret. Make others to keep what belongs together in one place.
          </Empty>
        ) : null}
        {lists === undefined || lists.length === 0 ? null : (
          <div className="table-scroll">
            <table className="plain-table">
              <thead>
                <tr>
                  <th>Name</th>
                  <th>Secrets</th>
                  <th className="hide-narrow">Created</th>
                  <th>
                    <span className="sr-only">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {lists.map((list) => (
                  <tr key={list.id}>
                    <td className="break">
                      <Link href={`/secrets?list=${encodeURIComponent(list.name)}`}>{list.name}</Link>
                    </td>
                    <td>{secrets === undefined ? '…' : (counts.get(list.id) ?? 0)}</td>
                    <td className="hide-narrow muted">
                      <Ago time={list.created_at} />
                    </td>
                    <td className="actions-cell">
                      {mayRename ? (
                        <IconButton
                          label={`Rename ${list.name}`}
                          small
                          onPress={() => setOpen({ kind: 'rename', list })}
                        >
                          <Pencil size={14} aria-hidden />
                        </IconButton>
                      ) : null}
                      {mayDelete ? (
                        <IconButton
                          label={`Delete ${list.name}`}
                          small
                          look="quiet bad"
                          onPress={() => setOpen({ kind: 'delete', list })}
                        >
                          <Trash2 size={14} aria-hidden />
                        </IconButton>
                      ) : null}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {open?.kind === 'new' ? <NameDialog onClose={close} /> : null}
      {open?.kind === 'rename' ? <NameDialog list={open.list} onClose={close} /> : null}
      {open?.kind === 'delete' ? (
        <DeleteDialog
          list={open.list}
          secretIds={secrets && new Set(secrets.filter((one) => one.list.id === open.list.id).map(({ id }) => id))}
          isSeenWhole={rights.hasAll('secrets:list')}
          onClose={close}
        />
      ) : null}
    </div>
  )
}

function NameDialog({ list, onClose }: { readonly list?: List; readonly onClose: () => void }) {
  const [name, setName] = useState(list?.name ?? '')
  const refresh = useRefresh()
  const wanted = name.trim()
  return (
    <FormDialog
      title={list === undefined ? 'New list' : `Rename ${list.name}`}
      isOpen
      onClose={onClose}
      submit={list === undefined ? 'Create list' : 'Rename'}
      isReady={wanted !== ''}
      run={async () => {
        if (list === undefined) await strongroom.lists.create({ name: wanted })
        else await strongroom.lists.rename(list.id, wanted)
        toast(`${wanted} is ${list === undefined ? 'created' : 'its name now'}`)
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

function DeleteDialog({
  list,
  secretIds,
  isSeenWhole,
  onClose,
}: {
  readonly list: List
  /** Not known before the secrets are loaded. */
  readonly secretIds: ReadonlySet<number> | undefined
  /** Whoever sees some of them alone does not know how many there are. */
  readonly isSeenWhole: boolean
  readonly onClose: () => void
}) {
  const [typed, setTyped] = useState('')
  const refresh = useRefresh()
  const count = isSeenWhole ? secretIds?.size : undefined
  return (
    <FormDialog
      title={`Delete ${list.name}?`}
      isOpen
      isBad
      onClose={onClose}
      submit="Delete for good"
      isReady={typed === list.name}
      run={async () => {
        await strongroom.lists.delete(list.id)
        toast(`${list.name} is deleted`)
        await refresh()
      }}
    >
      <p className="small">
        {count === undefined
          ? 'With it go all of its secrets, every version of each.'
          : count === 0
            ? 'The list is empty.'
            : count === 1
              ? 'With it goes its one secret, every version of it.'
              : `With it go its ${count} secrets, every version of each.`}{' '}
        This cannot be undone. If you may not delete one of them, nothing is deleted.
      </p>
      {secretIds === undefined || count === 0 ? null : <StaleAheadOfList secretIds={secretIds} />}
      <Field
        label="Type its name to confirm"
        value={typed}
        onValue={setTyped}
        placeholder={list.name}
        autoComplete="off"
        autoFocus
      />
    </FormDialog>
  )
}
