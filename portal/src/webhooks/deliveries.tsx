/** What a webhook was told, and what became of it. */
import { type Delivery, strongroom, type Webhook } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { attempt } from '../ui/attempt.ts'
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
              rows={all}
              keyOf={(one) => one.id}
              empty={<p className="hint">Nothing was sent yet.</p>}
              columns={[
                { id: 'action', head: 'Event', cell: (one) => `${one.action} #${one.id}` },
                { id: 'state', head: 'Status', cell: stateOf },
                { id: 'attempts', head: 'Attempts', cell: (one) => String(one.attempts) },
                { id: 'last', head: 'Last attempt', cell: (one) => timeOf(one.attempted_at) },
                {
                  id: 'retry',
                  head: 'Retry',
                  isHeadHidden: true,
                  cell: (one) => (
                    <Button small onPress={() => void retry(one.id)} aria-label={`Retry ${one.id}`}>
                      Retry
                    </Button>
                  ),
                },
              ]}
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

function timeOf(time: string | null) {
  return time === null ? '–' : <Ago time={time} />
}
