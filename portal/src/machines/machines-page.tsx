/** Machines that read without a key, by their addresses. */
import { Plus, Server, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { type Machine, strongroom } from '../api/client.ts'
import { useListing, useRefresh } from '../api/queries.ts'
import { scopeText } from '../keys/scopes.ts'
import { useAccountSettings } from '../settings/queries.ts'
import { Card } from '../ui/card.tsx'
import { Button, Checkbox, Field, IconButton, TextArea } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { Item, Items } from '../ui/items.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Loaded, Note } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { wordsOf } from '../ui/words.ts'

const listed = ['machines']

export function MachinesPage() {
  const machines = useListing(listed, (options) => strongroom.machines.list(options))
  const { data: settings } = useAccountSettings()
  const { dialog, open } = useDialog()
  return (
    <Page
      title="Machines"
      about="A registered machine may read without a key: it is known by the address that it asks from."
      actions={
        <Button look="primary" onPress={() => open((close) => <NewDialog onClose={close} />)} data-new>
          <Plus size={14} aria-hidden />
          New machine
        </Button>
      }
    >
      {settings?.vm_auth === false ? (
        <Note kind="warn">
          Reading by address is off for this account, so machines are refused. Turn it on in{' '}
          <Link href="/settings?tab=account">Settings</Link> if every address in your networks is one that you hand out.
        </Note>
      ) : null}
      <Card label="Machines">
        <Loaded of={machines}>
          {(all) => (
            <Items
              of={all}
              empty={
                <Empty icon={Server} title="No machine yet">
                  Register the addresses of a machine, and what it may read. It then fetches its secrets when it starts,
                  and no key has to be put on it.
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
            </Items>
          )}
        </Loaded>
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
      <p className="hint">
        {scopes.length === 0 ? 'May list and read everything' : scopes.map(scopeText).join(' · ')} · registered{' '}
        <Ago time={time} />
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
        toast(`${name} is removed`)
        await refresh()
      }}
    >
      <p className="small">It is refused from now on. What it has read already, it keeps.</p>
    </Confirm>
  )
}

function NewDialog({ onClose }: { readonly onClose: () => void }) {
  const refresh = useRefresh(listed)
  const [name, setName] = useState('')
  const [addresses, setAddresses] = useState('')
  const [names, setNames] = useState('')
  const [mayList, setMayList] = useState(true)
  const patterns = wordsOf(names)
  const rights = [...(mayList ? ['secrets:list'] : []), 'secrets:read']
  const scopes =
    patterns.length === 0 ? rights : rights.flatMap((right) => patterns.map((pattern) => `${right}:${pattern}`))
  return (
    <FormDialog
      title="New machine"
      onClose={onClose}
      submit="Register"
      isReady={name.trim() !== '' && wordsOf(addresses).length > 0}
      run={async () => {
        await strongroom.machines.create({ name: name.trim(), addresses: wordsOf(addresses), scopes })
        toast(`${name.trim()} is registered`)
        await refresh()
      }}
    >
      <Field label="Name" value={name} onValue={setName} maxLength={128} autoFocus required />
      <TextArea
        label="Addresses"
        rows={2}
        value={addresses}
        onValue={setAddresses}
        placeholder="10.1.0.11"
        hint="Addresses or networks that no other machine has."
        spellCheck={false}
      />
      <Field
        label="Only secrets that are called"
        value={names}
        onValue={setNames}
        placeholder="web-*"
        hint="Names, or patterns with *. Empty for all."
        spellCheck={false}
      />
      <Checkbox isSelected={mayList} onChange={setMayList}>
        It may see which secrets there are
      </Checkbox>
    </FormDialog>
  )
}
