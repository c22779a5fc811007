/** One record of the trail, with all that it holds. */
import { Link } from 'wouter'
import type { AuditRecord } from '../api/client.ts'
import { addressIn, environment as current } from '../api/environment.ts'
import { Button } from '../ui/controls.tsx'
import { copy } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Note } from '../ui/states.tsx'
import { exactTime } from '../ui/time.tsx'
import { actionText, environmentOf, isAllowed, outcomeText, pageOf } from './words.ts'

export function RecordDialog({ of: record, onClose }: { readonly of: AuditRecord; readonly onClose: () => void }) {
  const { seq, outcome } = record
  return (
    <Dialog title={`Record ${seq.toLocaleString('en')}`} isOpen onClose={onClose} isWide>
      <p>
        <Sentence of={record} />
      </p>
      {isAllowed(outcome) ? null : <Note kind="warn">Refused: {outcomeText(outcome).toLowerCase()}.</Note>}
      <Facts look="beside" of={factsOf(record)} />
      <div className="actions">
        <Button onPress={() => void copy(async () => `${JSON.stringify(record, null, 2)}\n`, 'Record')}>
          Copy as JSON
        </Button>
        <Button look="primary" onPress={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  )
}

/** What somebody did, in words, with the way to what it was done to. */
export function Sentence({ of }: { readonly of: Pick<AuditRecord, 'action' | 'object' | 'environment'> }) {
  const { action, object, environment } = of
  const href = pageOf(object)
  const name = object?.name ?? (object?.id == null ? undefined : `${object.kind} ${object.id}`)
  // Somebody signs in by something, which is no thing that it is done to.
  const means = action === 'session.open' || action === 'session.confirm' ? ' with' : ''
  return (
    <span className="sentence">
      {actionText(action)}
      {name === undefined ? '' : means}{' '}
      {name === undefined ? null : href === undefined ? name : <ObjectLink href={href} name={name} of={of} />}{' '}
      {environment === undefined ? null : <span className="tag">{environment.name ?? 'deleted environment'}</span>}
    </span>
  )
}

/** In the environment that it is in; no link to one that is gone. */
function ObjectLink({
  href,
  name,
  of,
}: {
  readonly href: string
  readonly name: string
  readonly of: Pick<AuditRecord, 'object' | 'environment'>
}) {
  const environment = environmentOf(of)
  if (of.environment?.name === null) return name
  return environment === undefined || environment === current ? (
    <Link href={href}>{name}</Link>
  ) : (
    <a href={addressIn(environment, href)}>{name}</a>
  )
}

function factsOf(record: AuditRecord): Parameters<typeof Facts>[0]['of'] {
  const { seq, time, principal, action, object, outcome, request_id: request, address, head } = record
  const mono = (text: string) => <span className="mono break">{text}</span>
  const of = object === null ? [] : objectFacts(object)
  return [
    ['Time', `${exactTime(time)} (${time})`],
    [
      'Who',
      <Link key="who" href={`/audit?principal=${encodeURIComponent(principal.name)}`}>
        {principal.name} ({principal.kind} {principal.id})
      </Link>,
    ],
    ['Action', mono(action)],
    ...of,
    ...(record.environment === undefined
      ? []
      : [['Environment', <EnvironmentFact key="environment" of={record.environment} />] as const]),
    ['Outcome', mono(outcome)],
    ['IP address', mono(address)],
    ['Request ID', mono(request)],
    ['Record', seq.toLocaleString('en')],
    ...('head' in record ? [['Chain hash', mono(head)] as const] : []),
  ]
}

/** Leads to what else happened there. */
function EnvironmentFact({ of: { id, name } }: { readonly of: NonNullable<AuditRecord['environment']> }) {
  if (name === null) return `Deleted (${id})`
  return <Link href={`/audit?environment=${encodeURIComponent(name)}`}>{name}</Link>
}

function objectFacts({ kind, id, name, uid, version, hash }: NonNullable<AuditRecord['object']>) {
  const facts: readonly (readonly [string, string | number | null])[] = [
    ['Object', name === null ? kind : `${kind} ${name}`],
    ['Object ID', id],
    ['Version', version],
    ['UID', uid],
    ['Content hash', hash],
  ]
  return facts.flatMap(([term, fact]) =>
    fact === null
      ? []
      : [
          [
            term,
            <span key={term} className={term === 'Object' ? 'break' : 'mono break'}>
              {fact}
            </span>,
          ] as const,
        ],
  )
}
