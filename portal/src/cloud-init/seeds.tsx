/** Seeds: which were handed out, what became of them, and how to end one. */
import { Sprout, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { type Seed, strongroom } from '../api/client.ts'
import { type Pages, usePages, useRefresh } from '../api/queries.ts'
import { Card } from '../ui/card.tsx'
import { Checkbox, IconButton } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm } from '../ui/form.tsx'
import { Item } from '../ui/items.tsx'
import { PagedItems } from '../ui/paged.tsx'
import { Empty } from '../ui/states.tsx'
import { Ago, exactTime, relativeTime } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'

const listed = ['seeds']

export function useRefreshSeeds(): () => Promise<void> {
  return useRefresh(listed)
}

export function Seeds() {
  const seeds = usePages(listed, (query, options) => strongroom.seeds.page({ ...query, order: 'desc' }, options))
  const { dialog, open } = useDialog()
  return (
    <Card label="Seeds">
      <SeedItems of={seeds} onRevoke={(seed) => open((close) => <RevokeDialog of={seed} onClose={close} />)} />
      {dialog}
    </Card>
  )
}

/** Newest first. */
function SeedItems({ of: seeds, onRevoke }: { readonly of: Pages<Seed>; readonly onRevoke: (seed: Seed) => void }) {
  const [showsEnded, setShowsEnded] = useState(true)
  const { data: all = [], hasMore } = seeds
  const ended = all.filter(({ state }) => state !== 'open').length
  return (
    <PagedItems
      of={seeds}
      noun="seed"
      textOf={({ id, target }) => `${target} ${id}`}
      isShown={({ state }) => showsEnded || state === 'open'}
      choices={
        ended === 0 ? null : (
          <Checkbox isSelected={showsEnded} onChange={setShowsEnded}>
            Show used and expired seeds{hasMore ? '' : ` (${ended.toLocaleString('en')})`}
          </Checkbox>
        )
      }
      empty={
        <Empty icon={Sprout} title={all.length === 0 ? 'No seeds yet' : 'No open seeds'}>
          A seed is a one-time URL that a machine fetches its user-data from at boot.{' '}
          <Link href="/cloud-init">Write a template</Link>, then create a seed from it.
        </Empty>
      }
    >
      {(seed) => <SeedItem key={seed.id} of={seed} onRevoke={() => onRevoke(seed)} />}
    </PagedItems>
  )
}

function SeedItem({ of: seed, onRevoke }: { readonly of: Seed; readonly onRevoke: () => void }) {
  const { id, target, state, expires_at: end, refetched_at: refetched } = seed
  return (
    <Item
      name={target}
      tags={<StateTag seed={seed} />}
      actions={
        <IconButton label={`${verbOf(seed)} the seed for ${target}`} small look="quiet bad" onPress={onRevoke}>
          <Trash2 size={14} aria-hidden />
        </IconButton>
      }
    >
      <p className="hint">
        {fetched(seed)} · created <Ago time={seed.created_at} />
        {state === 'open' ? (
          <>
            {' '}
            · expires{' '}
            <time dateTime={end} title={exactTime(end)}>
              {relativeTime(end)}
            </time>
          </>
        ) : null}
        {refetched === null ? null : (
          <>
            {' '}
            · fetched again <Ago time={refetched} />
          </>
        )}{' '}
        · id {id}
      </p>
    </Item>
  )
}

function RevokeDialog({ of: seed, onClose }: { readonly of: Seed; readonly onClose: () => void }) {
  const refresh = useRefreshSeeds()
  return (
    <Confirm
      title={`${verbOf(seed)} the seed for ${seed.target}?`}
      onClose={onClose}
      submit={verbOf(seed)}
      run={async () => {
        await strongroom.seeds.delete(seed.id)
        toast(`Seed for ${seed.target} ${seed.state === 'open' ? 'revoked' : 'removed'}`)
        await refresh()
      }}
    >
      <p className="small">{effects[seed.state]}</p>
    </Confirm>
  )
}

function verbOf({ state }: Seed): string {
  return state === 'open' ? 'Revoke' : 'Remove'
}

const effects: Readonly<Record<Seed['state'], string>> = {
  open: 'Takes effect immediately: its URL stops working. A machine that has fetched its user-data keeps it.',
  used: 'Remove it once the machine no longer exists. A machine that still uses the URL would treat its next boot as its first, with a new instance ID and new SSH host keys.',
  expired: 'Only removes this entry. The audit log keeps its records.',
}

function StateTag({ seed: { state } }: { readonly seed: Seed }) {
  if (state === 'open') return <span className="tag info">open</span>
  return state === 'used' ? <span className="tag ok">used</span> : <span className="tag">expired</span>
}

function fetched({ fetches, max_fetches: most, used_at: usedAt }: Seed): string {
  if (fetches.user_data === 0) return most === 1 ? 'Not fetched yet' : `Not fetched yet, up to ${most} times`
  const when = usedAt === null ? '' : `, last ${relativeTime(usedAt)}`
  return `User-data fetched ${fetches.user_data} of ${most} ${most === 1 ? 'time' : 'times'}${when}`
}
