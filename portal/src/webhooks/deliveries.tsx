/** What a webhook was told, and what became of it. */
import { type Delivery, strongroom, type Webhook } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { attempt } from '../ui/attempt.ts'
import type { Column } from '../ui/columns.ts'
import { Button } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loaded } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago } from '../ui/time.tsx'

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
  readonly onRetry: () => void
}

const columns: readonly Column<Row>[] = [
  { id: 'action', head: 'Event', cell: ({ delivery: { action, id } }) => `${action} #${id}` },
  { id: 'state', head: 'Status', cell: ({ delivery }) => stateOf(delivery) },
  { id: 'attempts', head: 'Attempts', cell: ({ delivery }) => String(delivery.attempts) },
  {
    id: 'last',
    head: 'Last attempt',
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
              rows={all.map((delivery) => ({ delivery, onRetry: () => void retry(delivery.id) }))}
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

function stateOf({ state, status, fault }: Delivery): string {
  const answer = status === null ? fault : String(status)
  const word = { waiting: 'Waiting', delivered: 'Delivered', failed: 'Failed' }[state]
  return answer === null ? word : `${word} (${answer})`
}
