/** Who can read a secret's value and why, who has, who no longer can, and what holds it: asked for once somebody wants to know, as that is recorded. */
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { Access, Metadata } from '../api/client.ts'
import type { Pages } from '../api/queries.ts'
import { scopeText } from '../keys/scopes.ts'
import { Card, CardFoot } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Button } from '../ui/controls.tsx'
import { Loaded, Note, Trouble } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago, dayOf, exactTime } from '../ui/time.tsx'
import { useAccess } from './queries.ts'

type Able = Access['can'][number]
type PastReader = NonNullable<Access['did']>[number]
type Target = NonNullable<Access['targets']>[number]
type Template = NonNullable<Access['templates']>[number]

export function AccessCard({ secret }: { readonly secret: Metadata }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Card
      title="Access"
      icon={ShieldCheck}
      about="Who can read the value, and why. Viewing this is recorded in the audit log."
      end={
        <Button small onPress={() => setOpen(!isOpen)} aria-expanded={isOpen}>
          {isOpen ? 'Hide access' : 'Show access'}
        </Button>
      }
    >
      {isOpen ? <Shown secret={secret} /> : null}
    </Card>
  )
}

function Shown({ secret }: { readonly secret: Metadata }) {
  const pages = useAccess(secret.id)
  const isPartial = pages.data !== undefined && pages.error !== null
  return (
    <Loaded of={isPartial ? { ...pages, error: null } : pages} lines={4} label="Loading access">
      {(all) => (
        <>
          <CanRead pages={pages} of={all} />
          {isPartial ? <Trouble error={pages.error} onRetry={pages.loadMore} /> : null}
          {all.slice(0, 1).map((first) => (
            <Past key={first.secret.id} of={first} />
          ))}
        </>
      )}
    </Loaded>
  )
}

function CanRead({ pages, of: all }: { readonly pages: Pages<Access>; readonly of: readonly Access[] }) {
  return (
    <>
      <Heading text="Can read" about="People, keys and machines that can read the value right now." />
      <Table
        label="Table of who can read"
        columns={ableColumns}
        rows={all.flatMap(({ can }) => can)}
        keyOf={keyOf}
        empty={<p className="card-pad muted small">Nobody can read it right now.</p>}
      />
      {pages.hasMore ? (
        <CardFoot>
          <Button onPress={pages.loadMore} isDisabled={pages.isLoadingMore}>
            {pages.isLoadingMore ? 'Loading…' : 'Show more'}
          </Button>
        </CardFoot>
      ) : null}
    </>
  )
}

/** What is told with the first page. */
function Past({ of: access }: { readonly of: Access }) {
  const { did = [], targets = [], templates = [], cut = [], complete = true, from } = access
  const gone = did.filter(({ can }) => !can)
  const current = access.secret.version
  const columns = pastColumns(current)
  return (
    <>
      <Heading text="Has read" about={complete || from === undefined ? '' : `Since ${exactTime(from)}.`} />
      <Table
        label="Table of who has read"
        columns={columns}
        rows={did.filter(({ can }) => can)}
        keyOf={keyOf}
        empty={<p className="card-pad muted small">Nobody with access has read it yet.</p>}
      />
      {gone.length === 0 ? null : (
        <>
          <Heading text="No longer has access" />
          {gone.some(({ version }) => version === current) ? (
            <div className="card-pad">
              <Note kind="warn">Some of them have read the current value. To lock them out, set a new value.</Note>
            </div>
          ) : null}
          <Table label="Table of who no longer has access" columns={columns} rows={gone} keyOf={keyOf} />
        </>
      )}
      <Heading text="Deployed to" />
      <Table
        label="Table of targets with access"
        columns={targetColumns}
        rows={targets}
        keyOf={({ id }) => id}
        empty={<p className="card-pad muted small">No known target has it.</p>}
      />
      {templates.length === 0 ? null : (
        <>
          <Heading text="Used in templates" />
          <Table label="Table of templates" columns={templateColumns} rows={templates} keyOf={({ id }) => id} />
        </>
      )}
      {cut.length === 0 ? null : (
        <p className="card-pad hint">Too many to show: {cut.map((one) => cutWords[one] ?? one).join(', ')}.</p>
      )}
    </>
  )
}

const cutWords: Readonly<Record<string, string>> = { did: 'who has read', targets: 'targets', templates: 'templates' }

function Heading({ text, about = '' }: { readonly text: string; readonly about?: string }) {
  return (
    <div className="card-section">
      <h3>{text}</h3>
      {about === '' ? null : <p className="hint">{about}</p>}
    </div>
  )
}

const kindWords: Readonly<Record<string, string>> = { key: 'API key', trust_rule: 'trust rule', host: 'server host' }

function Who({ principal: { kind, name } }: Pick<Able, 'principal'>) {
  return (
    <>
      {name} <span className="muted">{kindWords[kind] ?? kind}</span>
    </>
  )
}

function keyOf({ principal: { kind, id, name } }: Pick<Able, 'principal'>): string {
  return `${kind} ${id} ${name}`
}

const ableColumns: readonly Column<Able>[] = [
  { id: 'who', head: 'Who', look: 'break', cell: (able) => <Who {...able} /> },
  { id: 'why', head: 'Why', cell: (able) => <Why of={able} /> },
]

/** The role or the rule, and of each scope that lets them in, where. */
function Why({ of: able }: { readonly of: Able }) {
  const places = Map.groupBy(able.environments, ({ scope }) => scope)
  const limits = limitsOf(able)
  return (
    <div className="stack-s">
      {[...places].map(([scope, openings]) => (
        <span key={scope}>
          <span className="tag" title={scope}>
            {scopeText(scope)}
          </span>{' '}
          <span className="muted">in {openings.map(({ name }) => name).join(', ')}</span>
        </span>
      ))}
      {limits === '' ? null : <span className="hint">{limits}</span>}
    </div>
  )
}

function limitsOf({ role, trust_rule: rule, networks, expires_at: end }: Able): string {
  return [
    ...(role === null ? [] : [`Role: ${role}`]),
    ...(rule === null ? [] : [`Trust rule ${rule}`]),
    ...(networks.length === 0 ? [] : [`only from ${networks.join(', ')}`]),
    ...(end === null ? [] : [`until ${dayOf(end)}`]),
  ].join(' · ')
}

function pastColumns(current: number): readonly Column<PastReader>[] {
  return [
    { id: 'who', head: 'Who', look: 'break', cell: (reader) => <Who {...reader} /> },
    { id: 'last', head: 'Last read', cell: ({ last_at: last }) => <Ago time={last} /> },
    { id: 'got', head: 'Version', cell: ({ version }) => <VersionTag version={version} isOld={version !== current} /> },
    { id: 'reads', head: 'Reads', from: 440, cell: ({ reads }) => reads.toLocaleString('en') },
    { id: 'where', head: 'Environment', from: 560, look: 'muted', cell: ({ environments }) => environments.join(', ') },
  ]
}

const targetColumns: readonly Column<Target>[] = [
  {
    id: 'target',
    head: 'Target',
    look: 'break',
    cell: ({ target }) => <Link href={`/deployments?q=${encodeURIComponent(target)}`}>{target}</Link>,
  },
  { id: 'holds', head: 'Version', cell: ({ version, stale }) => <VersionTag version={version} isOld={stale} /> },
  { id: 'where', head: 'Environment', look: 'muted', cell: ({ environment }) => environment },
  { id: 'since', head: 'Deployed', from: 440, cell: ({ since }) => <Ago time={since} /> },
]

const templateColumns: readonly Column<Template>[] = [
  { id: 'name', head: 'Name', look: 'break', cell: ({ name }) => name },
  { id: 'where', head: 'Environment', look: 'muted', cell: ({ environments }) => environments.join(', ') },
]

function VersionTag({ version, isOld }: { readonly version: number | null; readonly isOld: boolean }) {
  if (!isOld) return <span className="tag ok">current</span>
  return <span className="tag warn">version {version ?? 'unknown'}</span>
}
