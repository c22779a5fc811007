/** What was deleted and can be restored for a while. */
import { History, Trash2, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { type Deleted, strongroom } from '../api/client.ts'
import { usePages, useRefresh } from '../api/queries.ts'
import { useRefreshSecrets } from '../secrets/queries.ts'
import { environmentsKey } from '../session/environments.ts'
import { deletedKey, useRecoveryDays } from '../session/kept.tsx'
import { useRights } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import { Button, Field, IconButton } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { Item } from '../ui/items.tsx'
import { Page } from '../ui/page.tsx'
import { PagedItems } from '../ui/paged.tsx'
import { Empty } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { counted } from '../ui/words.ts'

export function DeletedPage() {
  const deleted = usePages(deletedKey, (query, options) => strongroom.deleted.page(query, options))
  const rights = useRights()
  const { dialog, open } = useDialog()
  const mayRestore = rights.has('secrets:write') || rights.has('account:manage')
  const mayPurge = rights.has('secrets:delete') || rights.has('account:manage')
  return (
    <Page
      title="Recently deleted"
      about="Restore what was deleted in this environment, for as long as the account keeps it."
    >
      <Card label="Recently deleted">
        <PagedItems
          of={deleted}
          noun="deletion"
          textOf={({ name, kind }) => [name, kind].join(' ')}
          empty={
            <Empty icon={History} title="Nothing to restore">
              <NothingKept />
            </Empty>
          }
        >
          {(one) => (
            <DeletedItem
              key={one.id}
              of={one}
              onRestore={mayRestore ? () => open((close) => <RestoreDialog of={one} onClose={close} />) : undefined}
              onPurge={mayPurge ? () => open((close) => <PurgeDialog of={one} onClose={close} />) : undefined}
            />
          )}
        </PagedItems>
      </Card>
      {dialog}
    </Page>
  )
}

/** Why there is nothing here, and where to change that. */
function NothingKept() {
  const days = useRecoveryDays()
  if (days === undefined) return 'Deleted secrets and lists appear here if the account keeps them.'
  if (days > 0) return `Deleted secrets and lists appear here for ${counted(days, 'day')}.`
  return (
    <>
      Deletion is permanent in this account.{' '}
      <Link href="/settings?tab=account">Choose how long to keep what is deleted</Link> to be able to restore it.
    </>
  )
}

interface DeletedItemProps {
  readonly of: Deleted
  readonly onRestore: (() => void) | undefined
  readonly onPurge: (() => void) | undefined
}

function DeletedItem({ of: one, onRestore, onPurge }: DeletedItemProps) {
  const { name, kind, deleted_at: time, deleted_by: by, restorable_until: until } = one
  return (
    <Item
      name={name}
      actions={
        <>
          {onRestore === undefined ? null : (
            <Button small onPress={onRestore}>
              <Undo2 size={14} aria-hidden />
              Restore
            </Button>
          )}
          {onPurge === undefined ? null : (
            <IconButton label={`Purge ${name}`} small look="quiet bad" onPress={onPurge}>
              <Trash2 size={14} aria-hidden />
            </IconButton>
          )}
        </>
      }
    >
      <p className="hint">
        {words[kind]} · deleted <Ago time={time} /> by {by.name} · permanently deleted <Ago time={until} />
      </p>
    </Item>
  )
}

const words: Readonly<Record<Deleted['kind'], string>> = {
  secret: 'Secret',
  list: 'List with its secrets',
  environment: 'Environment',
}

function RestoreDialog({ of: { id, kind, name }, onClose }: { readonly of: Deleted; readonly onClose: () => void }) {
  const [wanted, setWanted] = useState(name)
  const [refresh, refreshSecrets] = [useRefresh(environmentsKey), useRefreshSecrets()]
  const now = wanted.trim()
  return (
    <FormDialog
      title={`Restore ${name}?`}
      onClose={onClose}
      submit="Restore"
      isReady={now !== ''}
      run={async () => {
        await strongroom.deleted.restore(id, now === name ? {} : { name: now })
        toast(`${now} restored`)
        await Promise.all([refresh(), refreshSecrets()])
      }}
    >
      <Field
        label="Name"
        value={wanted}
        onValue={setWanted}
        maxLength={255}
        hint={
          kind === 'secret'
            ? 'It comes back with its versions. Choose another name if this one is taken.'
            : 'Choose another name if this one is taken.'
        }
        required
      />
    </FormDialog>
  )
}

function PurgeDialog({ of: { id, name }, onClose }: { readonly of: Deleted; readonly onClose: () => void }) {
  const refresh = useRefresh(deletedKey)
  return (
    <Confirm
      title={`Purge ${name}?`}
      onClose={onClose}
      submit="Purge"
      run={async () => {
        await strongroom.deleted.purge(id)
        toast(`${name} purged`)
        await refresh()
      }}
    >
      <p className="small">Its values and their key are destroyed now. This cannot be undone.</p>
    </Confirm>
  )
}
