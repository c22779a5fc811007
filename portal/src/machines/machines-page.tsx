/** Machines that read without a key, identified by their addresses. */
import { Plus, Server, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { type Machine, strongroom } from '../api/client.ts'
import { usePages, useRefresh } from '../api/queries.ts'
import { rights, scopeText } from '../keys/scopes.ts'
import { ScopesField, scopesOf, useFirstChoice } from '../keys/scopes-field.tsx'
import { useAccountSettings } from '../settings/queries.ts'
import { Card } from '../ui/card.tsx'
import { Button, Field, IconButton, TextArea } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { Item, Tags } from '../ui/items.tsx'
import { Page } from '../ui/page.tsx'
import { PagedItems, useFindMade } from '../ui/paged.tsx'
import { Empty, Note } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { wordsOf } from '../ui/words.ts'
import { WhatIfNote } from '../what-if/what-if.tsx'

const listed = ['machines']

export function MachinesPage() {
  const machines = usePages(listed, (query, options) => strongroom.machines.page(query, options))
  const findMade = useFindMade(machines)
  const { data: settings } = useAccountSettings()
  const { dialog, open } = useDialog()
  return (
    <Page
      title="Machines"
      about="A registered machine reads secrets without an API key, identified by its IP address."
      actions={
        <Button
          look="primary"
          onPress={() => open((close) => <NewDialog onClose={close} onMade={findMade} />)}
          data-new
        >
          <Plus size={14} aria-hidden />
          New machine
        </Button>
      }
    >
      {settings?.vm_auth === false ? (
        <Note kind="warn">
          Machines can’t read without a key: that’s turned off for this account. Turn it on in{' '}
          <Link href="/settings?tab=account">Settings</Link> if you control all IP assignment in your networks.
        </Note>
      ) : null}
      <Card label="Machines">
        <PagedItems
          of={machines}
          noun="machine"
          textOf={({ name, addresses, scopes }) => [name, ...addresses, ...scopes].join(' ')}
          empty={
            <Empty icon={Server} title="No machines yet">
              Register a machine’s IP addresses and permissions. It then fetches its secrets at boot, and needs no key.
            </Empty>
          }
        >
          {(machine) => (
            <MachineItem
              key={machine.id}
              of={machine}
              onRemove={() => open((close) => <RemoveDialog of={machine} onClose={close} />)}
            />
          )}
        </PagedItems>
      </Card>
      {dialog}
    </Page>
  )
}

function MachineItem({ of: machine, onRemove }: { readonly of: Machine; readonly onRemove: () => void }) {
  const { name, addresses, scopes, created_at: time } = machine
  return (
    <Item
      name={name}
      actions={
        <IconButton label={`Remove ${name}`} small look="quiet bad" onPress={onRemove}>
          <Trash2 size={14} aria-hidden />
        </IconButton>
      }
    >
      <div className="row">
        {addresses.map((address) => (
          <code key={address} className="tag">
            {address}
          </code>
        ))}
      </div>
      <Tags label="Permissions" of={scopes.map((scope) => [scopeText(scope), scope])} />
      <p className="hint">
        Registered <Ago time={time} />
      </p>
    </Item>
  )
}

function RemoveDialog({ of: { id, name }, onClose }: { readonly of: Machine; readonly onClose: () => void }) {
  const refresh = useRefresh(listed)
  return (
    <Confirm
      title={`Remove ${name}?`}
      onClose={onClose}
      submit="Remove"
      run={async () => {
        await strongroom.machines.delete(id)
        toast(`${name} removed`)
        await refresh()
      }}
    >
      <p className="small">Takes effect immediately. It keeps what it has already read.</p>
      <WhatIfNote change={{ kind: 'machine', id, change: 'remove' }} />
    </Confirm>
  )
}

/** What a machine may be let do. */
const machineRights = rights.filter(({ id }) => id === 'secrets:list' || id === 'secrets:read')

function NewDialog({ onClose, onMade }: { readonly onClose: () => void; readonly onMade: (name: string) => void }) {
  const refresh = useRefresh(listed)
  const [name, setName] = useState('')
  const [addresses, setAddresses] = useState('')
  const [chosen, setChosen] = useState(useFirstChoice(['secrets:list', 'secrets:read']))
  const scopes = scopesOf(chosen)
  return (
    <FormDialog
      title="New machine"
      isWide
      onClose={onClose}
      submit="Register machine"
      isReady={name.trim() !== '' && wordsOf(addresses).length > 0 && scopes.length > 0}
      run={async () => {
        await strongroom.machines.create({ name: name.trim(), addresses: wordsOf(addresses), scopes })
        toast(`${name.trim()} registered`)
        onMade(name.trim())
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
            maxLength={128}
            hint="Shown in the audit log."
            autoFocus
            required
          />
          <TextArea
            label="IP addresses"
            rows={2}
            value={addresses}
            onValue={setAddresses}
            fault={faults['addresses']}
            placeholder="10.1.0.11"
            hint="Addresses or networks (CIDR) that no other machine uses."
            spellCheck={false}
          />
          <ScopesField offered={machineRights} chosen={chosen} onChange={setChosen} fault={faults['scopes']} />
        </>
      )}
    </FormDialog>
  )
}
