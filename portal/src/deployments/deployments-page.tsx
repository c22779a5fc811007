/** Who holds what: stale targets first, and what to deploy again. */
import { Copy, PackageCheck, SearchX, Trash2 } from 'lucide-react'
import { useMemo } from 'react'
import { Link, useSearchParams } from 'wouter'
import { type Deployment, strongroom } from '../api/client.ts'
import { type Rights, useRights } from '../session/rights.ts'
import { Card, Tile } from '../ui/card.tsx'
import { Button, IconButton, SearchInput, Select } from '../ui/controls.tsx'
import { copy } from '../ui/copy.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm } from '../ui/form.tsx'
import { Item, Items } from '../ui/items.tsx'
import { Page } from '../ui/page.tsx'
import { changed } from '../ui/search.ts'
import { Empty, Loaded } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { counted } from '../ui/words.ts'
import { HeldSecrets } from './held.tsx'
import { byUrgency, isOld, useDeployments, useRefreshDeployments } from './queries.ts'

export function DeploymentsPage() {
  const deployments = useDeployments()
  const { data } = deployments
  const stale = data?.filter((one) => one.stale) ?? []
  return (
    <Page
      title="Deployments"
      about="Which version of each secret your targets have. Stale targets have an old version: redeploy them."
      actions={stale.length === 0 ? null : <CopyTargets of={stale} />}
    >
      {data === undefined || data.length === 0 ? null : (
        <div className="tiles">
          <Tile value={data.length} what={data.length === 1 ? 'target' : 'targets'} />
          <Tile value={stale.length} what="stale" look={stale.length > 0 ? 'is-warn' : 'is-ok'} />
          <Tile
            value={oldOnes(stale)}
            what={`${oldOnes(stale) === 1 ? 'secret' : 'secrets'} deployed at an old version`}
          />
        </div>
      )}
      <Card label="Targets">
        <Loaded of={deployments} lines={8}>
          {(all) =>
            all.length > 0 ? (
              <Targets all={all} />
            ) : (
              <Empty icon={PackageCheck} title="No deployments yet">
                Render a template for a target, or let a machine fetch a seed, on the{' '}
                <Link href="/cloud-init">Cloud-init</Link> page. The target appears here, and becomes stale when one of
                its secrets changes.
              </Empty>
            )
          }
        </Loaded>
      </Card>
    </Page>
  )
}

function CopyTargets({ of: deployments }: { readonly of: readonly Deployment[] }) {
  const lines = byUrgency(deployments).map(({ target }) => `${target}\n`)
  return (
    <Button onPress={() => void copy(async () => lines.join(''), targets(lines.length))}>
      <Copy size={14} aria-hidden />
      Copy stale targets
    </Button>
  )
}

const stateChoices = [
  { id: '', label: 'All states' },
  { id: 'stale', label: 'Stale' },
  { id: 'current', label: 'Current' },
]

/** What is searched for is in the address. */
function Targets({ all }: { readonly all: readonly Deployment[] }) {
  const [query, setQuery] = useSearchParams()
  const text = query.get('q') ?? ''
  const state = query.get('state') ?? ''
  const change = (part: Readonly<Record<string, string>>) => setQuery((old) => changed(old, part), { replace: true })
  const found = useMemo(() => byUrgency(all.filter((one) => fits(one, text, state))), [all, text, state])
  return (
    <>
      <div className="list-bar">
        <SearchInput label="Search targets and secrets" value={text} onValue={(value) => change({ q: value })} />
        <Select
          label="State"
          isLabelHidden
          value={state}
          onChoose={(value) => change({ state: value })}
          choices={stateChoices}
        />
        <span className="hint" role="status">
          {found.length === all.length ? targets(found.length) : `${found.length} of ${targets(all.length)}`}
        </span>
      </div>
      <FoundTargets key={`${text} ${state}`} found={found} text={text} />
    </>
  )
}

function FoundTargets({ found, text }: { readonly found: readonly Deployment[]; readonly text: string }) {
  const rights = useRights()
  const { dialog, open } = useDialog()
  return (
    <>
      <Items
        of={found}
        empty={
          <Empty icon={SearchX} title="No results">
            No target or secret matches your search.
          </Empty>
        }
      >
        {(one) => (
          <Target
            key={one.id}
            of={one}
            text={text}
            onForget={
              mayForget(rights, one) ? () => open((close) => <ForgetDialog of={one} onClose={close} />) : undefined
            }
          />
        )}
      </Items>
      {dialog}
    </>
  )
}

function Target({
  of: deployment,
  text,
  onForget,
}: {
  readonly of: Deployment
  readonly text: string
  readonly onForget: (() => void) | undefined
}) {
  const { target, secrets, principal, created_at: time } = deployment
  return (
    <Item
      name={target}
      tags={<StateTag deployment={deployment} />}
      actions={
        onForget === undefined ? null : (
          <IconButton label={`Remove ${target}`} small look="quiet bad" onPress={onForget}>
            <Trash2 size={14} aria-hidden />
          </IconButton>
        )
      }
    >
      <HeldSecrets secrets={secrets} wanted={text} />
      <p className="hint">
        Deployed <Ago time={time} />
        {principal === undefined ? '' : ` by ${principal.name} (${principal.kind})`}
      </p>
    </Item>
  )
}

function ForgetDialog({ of: { id, target }, onClose }: { readonly of: Deployment; readonly onClose: () => void }) {
  const refresh = useRefreshDeployments()
  return (
    <Confirm
      title={`Remove ${target}?`}
      onClose={onClose}
      submit="Remove"
      run={async () => {
        await strongroom.deployments.delete(id)
        toast(`${target} removed`)
        await refresh()
      }}
    >
      <p className="small">
        Use this for a machine that no longer exists. Nothing is deleted on the machine: if it still exists, it keeps
        its secrets, and you no longer see when they are stale.
      </p>
    </Confirm>
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
  return counted(count, 'target')
}
