/** Who holds what: stale targets first, and what to deploy again. */
import { Copy, PackageCheck, SearchX, Trash2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import type { Deployment } from '../../../src/client/index.ts'
import { strongroom } from '../api/client.ts'
import { type Rights, useRights } from '../session/rights.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, IconButton, Select } from '../ui/controls.tsx'
import { copyText } from '../ui/copy.tsx'
import { Empty, Loading, PageHead, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { HeldSecrets } from './held.tsx'
import { byUrgency, isOld, useDeployments, useRefreshDeployments } from './queries.ts'

/** As many at first; a page with thousands of rows serves nobody. */
const shownAtFirst = 200

export function DeploymentsPage() {
  const { data, error, refetch } = useDeployments()
  const [query, setQuery] = useSearchParams()
  const [forgotten, setForgotten] = useState<Deployment>()
  const refresh = useRefreshDeployments()
  const text = query.get('q') ?? ''
  const state = query.get('state') ?? ''
  const change = (name: string, value: string) =>
    setQuery(
      (old) => {
        const next = new URLSearchParams(old)
        if (value === '') next.delete(name)
        else next.set(name, value)
        return next
      },
      { replace: true },
    )
  const found = useMemo(() => byUrgency((data ?? []).filter((one) => fits(one, text, state))), [data, text, state])
  const stale = data?.filter((one) => one.stale) ?? []
  return (
    <div className="page">
      <PageHead
        title="Deployments"
        about="Which target holds which version of which secret. A stale one holds something old: deploy it again."
      >
        {stale.length === 0 ? null : (
          <Button
            onPress={() =>
              void copyText(
                async () =>
                  `${byUrgency(stale)
                    .map(({ target }) => target)
                    .join('\n')}\n`,
                `The list of ${targets(stale.length)}`,
              )
            }
          >
            <Copy size={14} aria-hidden />
            Copy what to redeploy
          </Button>
        )}
      </PageHead>
      {data === undefined || data.length === 0 ? null : (
        <div className="tiles">
          <div className="card tile">
            <span className="figure">{data.length.toLocaleString('en')}</span>
            <span className="what">{data.length === 1 ? 'target holds secrets' : 'targets hold secrets'}</span>
          </div>
          <div className="card tile">
            <span className={`figure ${stale.length > 0 ? 'is-warn' : 'is-ok'}`}>
              {stale.length.toLocaleString('en')}
            </span>
            <span className="what">
              {stale.length === 1 ? 'is stale: deploy it again' : 'are stale: deploy them again'}
            </span>
          </div>
          <div className="card tile">
            <span className="figure">{oldOnes(stale).toLocaleString('en')}</span>
            <span className="what">
              {oldOnes(stale) === 1 ? 'secret is' : 'secrets are'} out there in an old version
            </span>
          </div>
        </div>
      )}
      <section className="card" aria-label="Targets">
        {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
        {data === undefined && error === null ? <Loading lines={8} /> : null}
        {data?.length === 0 ? (
          <Empty icon={PackageCheck} title="Nothing is deployed yet">
            Render a template for a target, or let a machine fetch a seed, both on the page{' '}
            <Link href="/cloud-init">Cloud-init</Link>: what it got is noted here, and shown as stale once a secret
            changes.
          </Empty>
        ) : null}
        {data === undefined || data.length === 0 ? null : (
          <div className="list-bar">
            <input
              type="search"
              className="input"
              aria-label="Search targets and secrets"
              placeholder="Search targets and secrets"
              value={text}
              data-search
              onChange={(event) => change('q', event.currentTarget.value)}
            />
            <Select
              label="State"
              isLabelHidden
              value={state}
              onChoose={(value) => change('state', value)}
              choices={[
                { id: '', label: 'Stale and current' },
                { id: 'stale', label: 'Stale' },
                { id: 'current', label: 'Current' },
              ]}
            />
            <span className="hint" role="status">
              {found.length === data.length ? targets(found.length) : `${found.length} of ${data.length}`}
            </span>
          </div>
        )}
        {data !== undefined && data.length > 0 && found.length === 0 ? (
          <Empty icon={SearchX} title="Nothing matches">
            No target, and no secret that one holds, is called that.
          </Empty>
        ) : null}
        <Targets key={`${text} ${state}`} deployments={found} text={text} onForget={setForgotten} />
      </section>
      {forgotten === undefined ? null : (
        <FormDialog
          title={`Forget ${forgotten.target}?`}
          isOpen
          isBad
          onClose={() => setForgotten(undefined)}
          submit="Forget"
          run={async () => {
            await strongroom.deployments.delete(forgotten.id)
            toast(`${forgotten.target} is forgotten`)
            await refresh()
          }}
        >
          <p className="small">
            For a machine that is gone. Nothing is deleted on it: if it is still there, it keeps what it holds, and
            nothing here tells any more when that is old.
          </p>
        </FormDialog>
      )}
    </div>
  )
}

function Targets({
  deployments,
  text,
  onForget,
}: {
  readonly deployments: readonly Deployment[]
  readonly text: string
  readonly onForget: (deployment: Deployment) => void
}) {
  const rights = useRights()
  const [shown, setShown] = useState(shownAtFirst)
  return (
    <>
      <ul className="items">
        {deployments.slice(0, shown).map((deployment) => (
          <li key={deployment.id}>
            <div className="item-main">
              <div className="row">
                <strong className="break">{deployment.target}</strong>
                <StateTag deployment={deployment} />
              </div>
              <HeldSecrets secrets={deployment.secrets} wanted={text} />
              <p className="hint">
                Deployed <Ago time={deployment.created_at} />
                {deployment.principal === undefined
                  ? ''
                  : ` by ${deployment.principal.name} (${deployment.principal.kind})`}
              </p>
            </div>
            {mayForget(rights, deployment) ? (
              <div className="item-end">
                <IconButton
                  label={`Forget ${deployment.target}`}
                  small
                  look="quiet bad"
                  onPress={() => onForget(deployment)}
                >
                  <Trash2 size={14} aria-hidden />
                </IconButton>
              </div>
            ) : null}
          </li>
        ))}
      </ul>
      {deployments.length > shown ? (
        <div className="card-foot">
          <Button onPress={() => setShown(shown + shownAtFirst)}>Show more ({deployments.length - shown} left)</Button>
        </div>
      ) : null}
    </>
  )
}

function StateTag({ deployment: { stale, secrets } }: { readonly deployment: Deployment }) {
  if (!stale) return <span className="tag ok">current</span>
  const old = secrets.filter(isOld).length
  return (
    <span className="tag warn">
      {old} of {secrets.length} out of date
    </span>
  )
}

function fits({ target, secrets, stale }: Deployment, text: string, state: string): boolean {
  if (state !== '' && (state === 'stale') !== stale) return false
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const all = `${target} ${secrets.map(({ name }) => name).join(' ')}`.toLowerCase()
  return words.every((word) => all.includes(word))
}

/** The server asks for `secrets:write` for everything that it holds. */
function mayForget(rights: Rights, { secrets }: Deployment): boolean {
  return secrets.every(({ name }) => rights.can('secrets:write', name)) && rights.has('secrets:write')
}

function oldOnes(stale: readonly Deployment[]): number {
  return new Set(stale.flatMap(({ secrets }) => secrets.filter(isOld).map(({ id }) => id))).size
}

function targets(count: number): string {
  return `${count} ${count === 1 ? 'target' : 'targets'}`
}
