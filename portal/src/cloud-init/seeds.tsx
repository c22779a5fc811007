/** Seeds: which were handed out, what became of them, and how to end one. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Sprout, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Seed } from '../../../src/client/index.ts'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Checkbox, IconButton } from '../ui/controls.tsx'
import { Empty, Loading, Trouble } from '../ui/states.tsx'
import { Ago, exactTime, relativeTime } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'

const key = ['seeds']

export function useRefreshSeeds(): () => Promise<void> {
  const cache = useQueryClient()
  return () => cache.invalidateQueries({ queryKey: key })
}

export function Seeds() {
  const { data, error, refetch } = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => read(() => Array.fromAsync(strongroom.seeds.list({ signal }))),
  })
  const refresh = useRefreshSeeds()
  const [showsEnded, setShowsEnded] = useState(true)
  const [revoked, setRevoked] = useState<Seed>()
  const ended = data?.filter(({ state }) => state !== 'open').length ?? 0
  const shown = data?.filter(({ state }) => showsEnded || state === 'open').reverse()
  return (
    <section className="card" aria-label="Seeds">
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading /> : null}
      {ended > 0 ? (
        <div className="card-head">
          <Checkbox isSelected={showsEnded} onChange={setShowsEnded}>
            Show used and expired seeds ({ended})
          </Checkbox>
        </div>
      ) : null}
      {shown?.length === 0 ? (
        <Empty icon={Sprout} title={data?.length === 0 ? 'No seed yet' : 'No open seed'}>
          A seed is a URL from which one machine fetches its user-data when it boots, once.{' '}
          <Link href="/cloud-init">Write a template</Link>, then make a seed of it.
        </Empty>
      ) : null}
      <ul className="items">
        {shown?.map((seed) => (
          <li key={seed.id}>
            <div className="item-main">
              <div className="row">
                <strong className="break">{seed.target}</strong>
                <StateTag seed={seed} />
              </div>
              <p className="hint">
                {fetched(seed)} · made <Ago time={seed.created_at} />
                {seed.state === 'open' ? (
                  <>
                    {' '}
                    · ends{' '}
                    <time dateTime={seed.expires_at} title={exactTime(seed.expires_at)}>
                      {relativeTime(seed.expires_at)}
                    </time>
                  </>
                ) : null}
                {seed.refetched_at === null ? null : (
                  <>
                    {' '}
                    · asked again <Ago time={seed.refetched_at} />
                  </>
                )}{' '}
                · id {seed.id}
              </p>
            </div>
            <div className="item-end">
              <IconButton
                label={
                  seed.state === 'open' ? `Revoke the seed of ${seed.target}` : `Remove the seed of ${seed.target}`
                }
                small
                look="quiet bad"
                onPress={() => setRevoked(seed)}
              >
                <Trash2 size={14} aria-hidden />
              </IconButton>
            </div>
          </li>
        ))}
      </ul>
      {revoked === undefined ? null : (
        <FormDialog
          title={`${revoked.state === 'open' ? 'Revoke' : 'Remove'} the seed of ${revoked.target}?`}
          isOpen
          isBad
          onClose={() => setRevoked(undefined)}
          submit={revoked.state === 'open' ? 'Revoke' : 'Remove'}
          run={async () => {
            await strongroom.seeds.delete(revoked.id)
            toast(`The seed of ${revoked.target} is gone`)
            await refresh()
          }}
        >
          <p className="small">
            {revoked.state === 'open'
              ? 'Its URL leads nowhere from now on. A machine that has fetched its user-data keeps it.'
              : revoked.state === 'used'
                ? 'Remove it when the machine is gone. One that still has the URL takes itself for a new machine at its next boot, with a new instance id and new SSH host keys.'
                : 'Only this entry goes; the trail keeps its records.'}
          </p>
        </FormDialog>
      )}
    </section>
  )
}

function StateTag({ seed: { state } }: { readonly seed: Seed }) {
  if (state === 'open') return <span className="tag info">open</span>
  return state === 'used' ? <span className="tag ok">used</span> : <span className="tag">expired</span>
}

function fetched({ fetches, max_fetches: most, used_at: usedAt }: Seed): string {
  if (fetches.user_data === 0) return most === 1 ? 'Not fetched yet' : `Not fetched yet, ${most} times at most`
  const when = usedAt === null ? '' : `, last ${relativeTime(usedAt)}`
  return `User-data fetched ${fetches.user_data} of ${most} ${most === 1 ? 'time' : 'times'}${when}`
}
