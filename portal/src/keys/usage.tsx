/** What a key used of its permissions, and narrower ones that would have done: asked for once somebody wants to know, as that is recorded. */
import { Copy } from 'lucide-react'
import { type ApiKey, type KeyUsage, strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import type { Column } from '../ui/columns.ts'
import { Button } from '../ui/controls.tsx'
import { copy } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Tags } from '../ui/items.tsx'
import { Loaded, Note } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago, exactTime } from '../ui/time.tsx'
import { counted } from '../ui/words.ts'
import { rights, scopeText } from './scopes.ts'

/** As many as the server looks at where nothing else is said. */
const days = 7

export function UsageDialog({ of: key, onClose }: { readonly of: ApiKey; readonly onClose: () => void }) {
  const usage = useAnswer(['key usage', key.id], (options) => strongroom.keys.usage(key.id, days, options), {
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
  return (
    <Dialog title={`Usage of ${key.name}`} isOpen onClose={onClose} isWide>
      <div className="stack">
        <Loaded of={usage} lines={4} label="Loading usage">
          {(found) => <Shown of={found} />}
        </Loaded>
        <div className="actions">
          <Button onPress={onClose}>Close</Button>
        </div>
      </div>
    </Dialog>
  )
}

function Shown({ of: usage }: { readonly of: KeyUsage }) {
  const { requests, complete, from, scopes, used, addresses } = usage
  return (
    <>
      <p className="small">
        {counted(requests, 'request')} in the last {days} days.
        {complete
          ? ''
          : ` Only those since ${exactTime(from)} are counted: older ones are archived, or too many to check at once.`}
      </p>
      <Suggested of={usage} />
      <section className="stack-s" aria-label="Permissions">
        <h3>Permissions</h3>
        <Table label="Table of permissions" columns={scopeColumns} rows={scopes} keyOf={({ scope }) => scope} />
      </section>
      {used.length === 0 ? null : (
        <section className="stack-s" aria-label="Used for">
          <h3>Used for</h3>
          <Table
            label="Table of what it was used for"
            columns={usedColumns}
            rows={used}
            keyOf={({ right, name, environment }) => JSON.stringify([right, name, environment])}
          />
        </section>
      )}
      {addresses.length === 0 ? null : (
        <section className="stack-s" aria-label="Used from">
          <h3>Used from</h3>
          <Table
            label="Table of addresses"
            columns={addressColumns}
            rows={addresses}
            keyOf={({ address }) => address}
          />
        </section>
      )}
    </>
  )
}

function Suggested({ of: { suggested, requests } }: { readonly of: KeyUsage }) {
  if (requests === 0) return <Note>Not used. If nothing needs it, revoke it.</Note>
  if (suggested === null) return <Note>No narrower permissions to suggest.</Note>
  const { scopes, networks } = suggested
  return (
    <section className="stack-s" aria-label="Suggested permissions">
      <h3>Suggested permissions</h3>
      <p className="hint">
        Enough for every request of this time. To use them, create a key with them, then revoke this one.
      </p>
      <Tags label="Suggested scopes" of={scopes.map((scope) => [scopeText(scope), scope])} />
      {networks.length === 0 ? null : <p className="small">From {networks.join(', ')}</p>}
      <div className="row">
        <Button small onPress={() => void copy(async () => scopes.join('\n'), 'The scopes')}>
          <Copy size={14} aria-hidden />
          Copy scopes
        </Button>
        {networks.length === 0 ? null : (
          <Button small onPress={() => void copy(async () => networks.join(', '), 'The networks')}>
            <Copy size={14} aria-hidden />
            Copy networks
          </Button>
        )}
      </div>
    </section>
  )
}

const scopeColumns: readonly Column<KeyUsage['scopes'][number]>[] = [
  { id: 'scope', head: 'Permission', look: 'break', cell: ({ scope }) => scopeText(scope), more: ({ scope }) => scope },
  {
    id: 'requests',
    head: 'Requests',
    cell: ({ requests }) =>
      requests === 0 ? <span className="tag warn">not used</span> : requests.toLocaleString('en'),
  },
  { id: 'last', head: 'Last used', cell: ({ last_at: last }) => (last === null ? '–' : <Ago time={last} />) },
]

const usedColumns: readonly Column<KeyUsage['used'][number]>[] = [
  {
    id: 'what',
    head: 'What',
    look: 'break',
    cell: ({ right, name, environment }) => (
      <>
        {rights.find(({ id }) => id === right)?.label ?? right}
        {name === null ? '' : `: ${name}`}{' '}
        {environment === null ? null : <span className="muted">in {environment}</span>}
      </>
    ),
  },
  { id: 'requests', head: 'Requests', cell: ({ requests }) => requests.toLocaleString('en') },
  { id: 'last', head: 'Last used', cell: ({ last_at: last }) => <Ago time={last} /> },
]

const addressColumns: readonly Column<KeyUsage['addresses'][number]>[] = [
  { id: 'address', head: 'IP address', look: 'break', cell: ({ address }) => address },
  { id: 'requests', head: 'Requests', cell: ({ requests }) => requests.toLocaleString('en') },
  { id: 'last', head: 'Last used', cell: ({ last_at: last }) => <Ago time={last} /> },
]
