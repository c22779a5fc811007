/** What a webhook was told, and what became of it. */
import { type Delivery, strongroom, type Webhook } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { attempt } from '../ui/attempt.ts'
import type { Column } from '../ui/columns.ts'
import { Button } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loaded } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago, relativeTime } from '../ui/time.tsx'

const shownAtOnce = 50
const lookMs = 3_000

async function newest(id: number): Promise<readonly Delivery[]> {
  const found: Delivery[] = []
  for await (const one of strongroom.webhooks.deliveries(id)) {
    found.push(one)
    if (found.length === shownAtOnce) break
  }
  return found
}

interface Row {
  readonly delivery: Delivery
  readonly onRetry: () => Promise<void>
}

const columns: readonly Column<Row>[] = [
  { id: 'action', head: 'Event', cell: ({ delivery: { action, id } }) => `${action} #${id}` },
  { id: 'state', head: 'Status', cell: ({ delivery }) => <State of={delivery} /> },
  { id: 'attempts', head: 'Attempts', from: 500, cell: ({ delivery }) => String(delivery.attempts) },
  {
    id: 'last',
    head: 'Last attempt',
    from: 500,
    cell: ({ delivery: { attempted_at: last } }) => (last === null ? '–' : <Ago time={last} />),
  },
  {
    id: 'retry',
    head: 'Retry',
    isHeadHidden: true,
    cell: ({ delivery: { id }, onRetry }) => (
      <Button small onPress={onRetry} aria-label={`Retry ${id}`}>
        Retry
      </Button>
    ),
  },
]

export function DeliveriesDialog({ of: { id }, onClose }: { readonly of: Webhook; readonly onClose: () => void }) {
  const asked = useAnswer(['deliveries', id], () => newest(id), { gcTime: 0, refetchInterval: lookMs })
  const retry = (delivery: number) =>
    attempt(async () => {
      await strongroom.webhooks.retry(id, delivery)
      await asked.refetch()
    })
  return (
    <Dialog title="Deliveries" isOpen onClose={onClose} isWide>
      <div className="stack">
        <Loaded of={asked}>
          {(all) => (
            <Table
              label="Deliveries"
              columns={columns}
              rows={all.map((delivery) => ({ delivery, onRetry: () => retry(delivery.id) }))}
              keyOf={({ delivery }) => delivery.id}
              empty={<p className="hint">Nothing was sent yet.</p>}
            />
          )}
        </Loaded>
        <div className="actions">
          <Button onPress={onClose}>Close</Button>
        </div>
      </div>
    </Dialog>
  )
}

/** Why nothing was answered, in words. */
const faults: Readonly<Record<string, string>> = {
  address: 'The server may not send to this address',
  port: 'The server may not send to this port',
  scheme: 'The server sends over HTTPS only',
  url: 'The URL is not valid',
  unresolved: 'The host name was not found',
  connection: 'Couldn’t connect',
  timeout: 'No answer in time',
  redirect: 'The receiver redirects, which is not followed',
  encoding: 'The answer was compressed',
  too_large: 'The answer was too large',
  forbidden: 'Whoever created the webhook may not see this event',
}

const words = { waiting: 'Waiting', delivered: 'Delivered', failed: 'Failed' }

function State({ of: { state, status, fault, next_attempt_at: next } }: { readonly of: Delivery }) {
  const why = status === null ? fault && (faults[fault] ?? fault) : `HTTP status ${status}`
  const details = [why, next === null ? null : `next attempt ${relativeTime(next)}`].filter((part) => part !== null)
  return (
    <>
      <span className={state === 'failed' ? 'tag bad' : ''}>{words[state]}</span>
      {why === null ? null : <p className="hint">{details.join(' · ')}</p>}
    </>
  )
}
