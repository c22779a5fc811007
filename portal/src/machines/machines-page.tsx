/** Machines that read without a key, by their addresses. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus, Server, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Machine } from '../../../src/client/index.ts'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { scopeText } from '../keys/scopes.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Checkbox, Field, IconButton, TextArea } from '../ui/controls.tsx'
import { Empty, Loading, Note, PageHead, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { wordsOf } from '../ui/words.ts'

export function MachinesPage() {
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: ['machines'],
    queryFn: ({ signal }) => read(() => Array.fromAsync(strongroom.machines.list({ signal }))),
  })
  const { data: settings } = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => read(() => strongroom.settings.get({ signal })),
  })
  const [open, setOpen] = useState<'new' | Machine>()
  const refresh = () => cache.invalidateQueries({ queryKey: ['machines'] })
  const close = () => setOpen(undefined)
  return (
    <div className="page">
      <PageHead
        title="Machines"
        about="A registered machine may read without a key: it is known by the address that it asks from."
      >
        <Button look="primary" onPress={() => setOpen('new')} data-new>
          <Plus size={14} aria-hidden />
          New machine
        </Button>
      </PageHead>
      {settings?.vm_auth === false ? (
        <Note kind="warn">
          Reading by address is off for this account, so machines are refused. Turn it on in{' '}
          <Link href="/settings?tab=account">Settings</Link> if every address in your networks is one that you hand out.
        </Note>
      ) : null}
      <section className="card" aria-label="Machines">
        {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
        {data === undefined && error === null ? <Loading /> : null}
        {data?.length === 0 ? (
          <Empty icon={Server} title="No machine yet">
            Register the addresses of a machine, and what it may read. It then fetches its secrets when it starts, and
            no key has to be put on it.
          </Empty>
        ) : null}
        <ul className="items">
          {data?.map((machine) => (
            <li key={machine.id}>
              <div className="item-main">
                <strong className="break">{machine.name}</strong>
                <div className="row">
                  {machine.addresses.map((address) => (
                    <code key={address} className="tag">
                      {address}
                    </code>
                  ))}
                </div>
                <p className="hint">
                  {machine.scopes.length === 0
                    ? 'May list and read everything'
                    : machine.scopes.map(scopeText).join(' · ')}{' '}
                  · registered <Ago time={machine.created_at} />
                </p>
              </div>
              <div className="item-end">
                <IconButton label={`Remove ${machine.name}`} small look="quiet bad" onPress={() => setOpen(machine)}>
                  <Trash2 size={14} aria-hidden />
                </IconButton>
              </div>
            </li>
          ))}
        </ul>
      </section>
      {open === 'new' ? <NewDialog onClose={close} refresh={refresh} /> : null}
      {typeof open === 'object' ? (
        <FormDialog
          title={`Remove ${open.name}?`}
          isOpen
          isBad
          onClose={close}
          submit="Remove"
          run={async () => {
            await strongroom.machines.delete(open.id)
            toast(`${open.name} is removed`)
            await refresh()
          }}
        >
          <p className="small">It is refused from now on. What it has read already, it keeps.</p>
        </FormDialog>
      ) : null}
    </div>
  )
}

function NewDialog({ onClose, refresh }: { readonly onClose: () => void; readonly refresh: () => Promise<void> }) {
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
      isOpen
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
