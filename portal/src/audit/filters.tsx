/** What the trail is filtered by; the address of the page holds all of it. */
import { type FormEvent, useEffect, useState } from 'react'
import { actions, asides, outcomes } from '../../../src/audit/record.ts'
import { parseTime } from '../../../src/model/time.ts'
import type { AuditFilter, AuditRecord, PrincipalKind, StrongroomEvent } from '../api/client.ts'
import { firstEnvironment } from '../api/environment.ts'
import { useEnvironmentNames } from '../session/environments.ts'
import { useRights } from '../session/rights.ts'
import { Field, Select, Switch } from '../ui/controls.tsx'
import { actionText, outcomeText } from './words.ts'

const ranges = [
  { id: '', label: 'Any time', hours: 0 },
  { id: '1', label: 'Last hour', hours: 1 },
  { id: '24', label: 'Last 24 hours', hours: 24 },
  { id: '168', label: 'Last 7 days', hours: 168 },
  { id: '720', label: 'Last 30 days', hours: 720 },
]
/** Not to be chosen, but what there is when times were given. */
const ownRange = { id: 'own', label: 'Custom range' }

export function filterOf(query: URLSearchParams): AuditFilter {
  const hours = Number(query.get('hours') ?? 0)
  // To the minute, so that the same view is the same question.
  const from = new Date(Math.floor((Date.now() - hours * 3_600_000) / 60_000) * 60_000)
  const part = (name: string) => {
    const value = query.get(name)
    return value === null || value === '' ? {} : { [name]: value }
  }
  return {
    ...(hours > 0 ? { from: `${from.toISOString().slice(0, 19)}Z` } : {}),
    ...part('from'),
    ...part('to'),
    ...part('action'),
    ...part('secret'),
    ...part('principal'),
    ...kindOf(query.get('kind')),
    ...part('outcome'),
    ...part('environment'),
  }
}

/**
 * Whether the record that an event tells of may be among those that fit: where it cannot, nobody need ask. That the log was read is
 * never a reason to read it again.
 */
export function mayFit(
  { action, outcome, kind, principal, secret, environment }: AuditFilter,
  { object, ...event }: StrongroomEvent,
): boolean {
  const is = (wanted: string | number | undefined, ...any: readonly unknown[]) =>
    wanted === undefined || any.includes(String(wanted))
  // What is a read to some is a decoy's to others.
  const isAside = asides.some((one) => one === event.action)
  return (
    event.action !== 'audit.read' &&
    event.principal !== undefined &&
    (isAside || is(action, event.action)) &&
    is(outcome, event.outcome) &&
    is(kind, event.principal.kind) &&
    is(principal, event.principal.name, String(event.principal.id)) &&
    is(secret, object?.name, String(object?.id)) &&
    (event.environment === undefined || is(environment, event.environment))
  )
}

/** Who acted, by kind. */
const kinds: Readonly<Record<PrincipalKind, string>> = {
  user: 'People',
  key: 'API keys',
  machine: 'Machines',
  workload: 'Workloads (OIDC)',
  seed: 'Seeds',
  login: 'Device sign-ins',
  wrapping: 'Wrapping tokens',
  host: 'Command on the host',
  system: 'System',
}

function kindOf(text: string | null): { readonly kind?: PrincipalKind } {
  return text !== null && isKind(text) ? { kind: text } : {}
}

function isKind(text: string): text is PrincipalKind {
  return Object.hasOwn(kinds, text)
}

/** As a field for a time has it, in the time zone of the browser; nothing for what is no time. */
function localText(time: string): string {
  const milliseconds = parseTime(time)
  if (milliseconds === undefined) return ''
  const offset = new Date(milliseconds).getTimezoneOffset() * 60_000
  return new Date(milliseconds - offset).toISOString().slice(0, 16)
}

/** In UTC, so that the address means the same time everywhere. */
function utcText(local: string): string {
  const date = new Date(local)
  return Number.isNaN(date.getTime()) ? '' : `${date.toISOString().slice(0, 19)}Z`
}

/** All that there are; those of decoys for whoever is told of them. A server may be newer than the page. */
function useActions(seen: readonly AuditRecord[]): readonly string[] {
  const ofDecoys = useRights().hasAll('account:manage') ? asides : []
  return [...new Set([...actions, ...ofDecoys, ...seen.map(({ action }) => action)])]
}

export function Filters({
  query,
  change,
  hidesOwn,
  onHidesOwn,
  seen,
}: {
  readonly query: URLSearchParams
  readonly change: (part: Record<string, string>) => void
  readonly hidesOwn: boolean
  readonly onHidesOwn: (hides: boolean) => void
  /** The records that are loaded. */
  readonly seen: readonly AuditRecord[]
}) {
  const asked = (name: string) => query.get(name) ?? ''
  const { secret, setSecret, principal, setPrincipal, from, setFrom, to, setTo, partTyped } = useTyped(asked)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change(partTyped())
  }
  const hasTimes = asked('from') !== '' || asked('to') !== ''
  const outcome = asked('outcome')
  return (
    <form className="filters" onSubmit={submit} onBlur={submit}>
      <Select
        label="Time"
        value={hasTimes ? ownRange.id : asked('hours')}
        choices={[...ranges.map(({ id, label }) => ({ id, label })), ...(hasTimes ? [ownRange] : [])]}
        onChoose={(hours) => hours !== ownRange.id && change({ hours, from: '', to: '' })}
      />
      <Field label="From" type="datetime-local" value={from} onValue={setFrom} />
      <Field
        label="To"
        type="datetime-local"
        value={to}
        onValue={setTo}
        fault={from !== '' && to !== '' && to < from ? 'Must be after “From”.' : undefined}
      />
      <Select
        label="Action"
        value={asked('action')}
        choices={[
          { id: '', label: 'Any action' },
          ...useActions(seen).map((id) => ({
            id,
            label: actionText(id),
            more: id,
          })),
        ]}
        onChoose={(action) => change({ action })}
      />
      <Select
        label="Outcome"
        value={outcome}
        choices={[...new Set(['', ...outcomes, outcome])].map((id) => ({
          id,
          label: id === '' ? 'Any outcome' : outcomeText(id),
        }))}
        onChoose={(chosen) => change({ outcome: chosen })}
      />
      <Select
        label="By"
        value={kindOf(asked('kind')).kind ?? ''}
        choices={[{ id: '', label: 'Anyone' }, ...Object.entries(kinds).map(([id, label]) => ({ id, label }))]}
        onChoose={(kind) => change({ kind })}
      />
      <EnvironmentSelect value={asked('environment')} seen={seen} onChoose={(environment) => change({ environment })} />
      <Field label="Secret" value={secret} onValue={setSecret} placeholder="Name or ID" maxLength={255} data-search />
      <Field label="Who" value={principal} onValue={setPrincipal} placeholder="Name or key ID" maxLength={255} />
      <div className="field whole" style={{ justifyContent: 'end' }}>
        <Switch isSelected={hidesOwn} onChange={onHidesOwn}>
          <span className="small">Hide listings and page views</span>
        </Switch>
      </div>
      <button type="submit" className="sr-only">
        Apply
      </button>
    </form>
  )
}

/** Of those that the person sees, or that records name; where there is but one, there is nothing to choose. */
function EnvironmentSelect({
  value,
  seen,
  onChoose,
}: {
  readonly value: string
  readonly seen: readonly AuditRecord[]
  readonly onChoose: (environment: string) => void
}) {
  const named = seen.flatMap(({ environment }) => environment?.name ?? [])
  const names = new Set([firstEnvironment, ...useEnvironmentNames([...named, ...(value === '' ? [] : [value])])])
  if (names.size < 2 && value === '') return null
  return (
    <Select
      label="In environment"
      value={value}
      choices={[{ id: '', label: 'Any environment' }, ...[...names].map((id) => ({ id, label: id }))]}
      onChoose={onChoose}
    />
  )
}

/** What is typed, until it goes into the address; the address may be changed by others too: a link, or going back. */
function useTyped(asked: (name: string) => string) {
  const [askedFrom, askedTo] = [localText(asked('from')), localText(asked('to'))]
  const [secret, setSecret] = useFollowing(asked('secret'))
  const [principal, setPrincipal] = useFollowing(asked('principal'))
  const [from, setFrom] = useFollowing(askedFrom)
  const [to, setTo] = useFollowing(askedTo)
  const partTyped = (): Record<string, string> => {
    // What was not changed stays as it is in the address, to the second.
    const times = {
      ...(from === askedFrom ? {} : { from: utcText(from) }),
      ...(to === askedTo ? {} : { to: utcText(to) }),
    }
    const isOwn = Object.keys(times).length > 0
    return { secret: secret.trim(), principal: principal.trim(), ...times, ...(isOwn ? { hours: '' } : {}) }
  }
  return { secret, setSecret, principal, setPrincipal, from, setFrom, to, setTo, partTyped }
}

/** A text that is typed, until another is asked for. */
function useFollowing(asked: string) {
  const [text, setText] = useState(asked)
  useEffect(() => setText(asked), [asked])
  return [text, setText] as const
}
