/** The environments of the account: name spaces, each with secrets and lists of its own. */
import { History, Layers, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import { type Environment, strongroom } from '../api/client.ts'
import { addressIn, environment as current, firstEnvironment } from '../api/environment.ts'
import { useRefresh } from '../api/queries.ts'
import { useSayDeleted } from '../secrets/undo.ts'
import { environmentsKey, useEnvironments } from '../session/environments.ts'
import { deletedKey, useKeeping } from '../session/kept.tsx'
import { useRights, useRightsIn } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Button, Field, IconButton, Select } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { Page, Tabs } from '../ui/page.tsx'
import { Empty, Loaded, Note } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { pageSaved } from '../ui/unsaved.ts'
import { Comparison } from './compare.tsx'
import { RollbackDialog } from './rollback.tsx'

interface Row {
  readonly environment: Environment
  /** Nothing for whoever may not. */
  readonly does: { readonly onEdit: () => void; readonly onDelete: () => void } | undefined
  readonly onRollBack: (() => void) | undefined
}

const columns: readonly Column<Row>[] = [
  {
    id: 'name',
    head: 'Name',
    look: 'break',
    cell: ({ environment: { name, base } }) => (
      <>
        <a href={addressIn(name, '/secrets')}>{name}</a>{' '}
        {name === current ? <span className="tag">Current</span> : null}
        {base === null ? null : <div className="hint when-narrow">Inherits from {base}</div>}
      </>
    ),
  },
  { id: 'base', head: 'Inherits from', look: 'break', from: 400, cell: ({ environment: { base } }) => base ?? '–' },
  { id: 'secrets', head: 'Secrets', cell: ({ environment: { secrets } }) => secrets.toLocaleString('en') },
  {
    id: 'created',
    head: 'Created',
    from: 560,
    look: 'muted',
    cell: (row) => <Ago time={row.environment.created_at} />,
  },
  { id: 'actions', head: 'Actions', isHeadHidden: true, look: 'actions-cell', cell: (row) => <Actions of={row} /> },
]

export function EnvironmentsPage() {
  const environments = useEnvironments()
  const { dialog, open } = useDialog()
  const [query] = useSearchParams()
  const isComparing = query.get('tab') === 'compare'
  const mayManage = useRights().has('account:manage')
  return (
    <Page
      title="Environments"
      about="Each environment has its own secrets and lists, such as dev, staging and prod. One can inherit from another."
      actions={
        mayManage ? (
          <Button look="primary" onPress={() => open((close) => <EditDialog onClose={close} />)} data-new>
            <Plus size={14} aria-hidden />
            New environment
          </Button>
        ) : null
      }
    >
      <Tabs
        label="Environments"
        tabs={[
          ['All', '/environments'],
          ['Compare', '/environments?tab=compare'],
        ]}
        current={isComparing ? '/environments?tab=compare' : '/environments'}
      />
      {isComparing ? <Comparison /> : <EnvironmentsCard of={environments} open={open} mayManage={mayManage} />}
      {dialog}
    </Page>
  )
}

function EnvironmentsCard({
  of: environments,
  open,
  mayManage,
}: {
  readonly of: ReturnType<typeof useEnvironments>
  readonly open: ReturnType<typeof useDialog>['open']
  /** Whether they may change them. */
  readonly mayManage: boolean
}) {
  const rightsIn = useRightsIn()
  const mayRollBack = (name: string) => rightsIn(name).has('secrets:write') && rightsIn(name).has('secrets:list')
  return (
    <Card label="Environments">
      <Loaded of={environments}>
        {(all) => (
          <Table
            label="Table of environments"
            columns={columns}
            rows={all.map((environment) => ({
              environment,
              does: mayManage
                ? {
                    onEdit: () => open((close) => <EditDialog of={environment} onClose={close} />),
                    onDelete: () => open((close) => <DeleteDialog of={environment} onClose={close} />),
                  }
                : undefined,
              onRollBack: mayRollBack(environment.name)
                ? () => open((close) => <RollbackDialog name={environment.name} onClose={close} />)
                : undefined,
            }))}
            keyOf={(row) => row.environment.id}
            empty={
              <Empty icon={Layers} title="No environments">
                You can’t see any environment.
              </Empty>
            }
          />
        )}
      </Loaded>
    </Card>
  )
}

/** `default` itself stays as it is; what is in it does not. */
function Actions({ of: { environment, does, onRollBack } }: { readonly of: Row }) {
  const { name } = environment
  return (
    <>
      {onRollBack === undefined ? null : (
        <IconButton label={`Roll back ${name}`} small onPress={onRollBack}>
          <History size={14} aria-hidden />
        </IconButton>
      )}
      {does === undefined || name === firstEnvironment ? null : <Managing name={name} does={does} />}
    </>
  )
}

function Managing({ name, does }: { readonly name: string; readonly does: NonNullable<Row['does']> }) {
  return (
    <>
      <IconButton label={`Edit ${name}`} small onPress={does.onEdit}>
        <Pencil size={14} aria-hidden />
      </IconButton>
      <IconButton label={`Delete ${name}`} small look="quiet bad" onPress={does.onDelete}>
        <Trash2 size={14} aria-hidden />
      </IconButton>
    </>
  )
}

/** Of a new one, or of one that is there. */
function EditDialog({ of: old, onClose }: { readonly of?: Environment; readonly onClose: () => void }) {
  const [name, setName] = useState(old?.name ?? '')
  const [base, setBase] = useState(old?.base ?? '')
  const { data: all = [] } = useEnvironments()
  const refresh = useRefresh(environmentsKey)
  const wanted = name.trim()
  const isRenamed = old !== undefined && wanted !== old.name
  const bases = all.filter((one) => one.id !== old?.id).map((one) => ({ id: one.name, label: one.name }))
  return (
    <FormDialog
      title={old === undefined ? 'New environment' : `Edit ${old.name}`}
      onClose={onClose}
      submit={old === undefined ? 'Create environment' : 'Save'}
      isReady={wanted !== ''}
      run={async () => {
        const input = { name: wanted, base: base === '' ? null : base }
        if (old === undefined) await strongroom.environments.create(input)
        else await strongroom.environments.update(old.id, isRenamed ? input : { base: input.base })
        toast(`${wanted} ${old === undefined ? 'created' : 'saved'}`)
        // The address still has the old name.
        if (isRenamed && old.name === current) return leaveFor(wanted)
        await refresh()
      }}
    >
      {(faults) => (
        <>
          <Field
            label="Name"
            value={name}
            onValue={setName}
            fault={faults['name']}
            maxLength={63}
            hint="Letters, digits, “_”, “.” and “-”. For example: prod."
            spellCheck={false}
            autoFocus
            required
          />
          {isRenamed ? (
            <Note kind="warn">
              API keys and roles name environments. Those for “{old.name}” lose access, and those for “{wanted}” gain
              it.
            </Note>
          ) : null}
          <Select
            label="Inherits from"
            value={base}
            onChoose={setBase}
            choices={[{ id: '', label: 'Nothing' }, ...bases]}
          />
          {faults['base'] === undefined ? null : <Note kind="bad">{faults['base']}</Note>}
          <p className="hint">
            Secrets that this environment doesn’t have are read from the one it inherits from. Anyone with access to
            this environment can read them here.
          </p>
        </>
      )}
    </FormDialog>
  )
}

/** This page in another environment, once the one that the address names is gone. */
function leaveFor(environment: string): void {
  pageSaved()
  location.replace(addressIn(environment, '/environments'))
}

function DeleteDialog({ of: { id, name }, onClose }: { readonly of: Environment; readonly onClose: () => void }) {
  const refresh = useRefresh(environmentsKey, deletedKey)
  const keeping = useKeeping()
  const sayDeleted = useSayDeleted('account:manage')
  return (
    <Confirm
      title={`Delete ${name}?`}
      onClose={onClose}
      submit="Delete environment"
      run={async () => {
        const deletion = await strongroom.environments.delete(id)
        if (name === current) return leaveFor(firstEnvironment)
        sayDeleted(name, [deletion])
        await refresh()
      }}
    >
      <p className="small">
        Only an empty environment can be deleted: without secrets, lists, deployments or seeds, and with no other
        environment that inherits from it. {keeping.sentence}
      </p>
    </Confirm>
  )
}
