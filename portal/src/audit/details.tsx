/** One record of the trail, with all that it holds. */
import { Link } from 'wouter'
import type { AuditRecord } from '../api/client.ts'
import { Button } from '../ui/controls.tsx'
import { copyText } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Note } from '../ui/states.tsx'
import { exactTime } from '../ui/time.tsx'
import { actionText, isAllowed, outcomeText, pageOf } from './words.ts'

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
        <Button onPress={() => void copyText(async () => `${JSON.stringify(record, null, 2)}\n`, 'Record')}>
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
export function Sentence({ of: { action, object } }: { readonly of: Pick<AuditRecord, 'action' | 'object'> }) {
  const href = pageOf(object)
  const name = object?.name ?? (object?.id == null ? undefined : `${object.kind} ${object.id}`)
  // Somebody signs in by something, which is no thing that it is done to.
  const means = action === 'session.open' || action === 'session.confirm' ? ' with' : ''
  return (
    <span className="sentence">
      {actionText(action)}
      {name === undefined ? '' : means}{' '}
      {name === undefined ? null : href === undefined ? name : <Link href={href}>{name}</Link>}
    </span>
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
    ['Outcome', mono(outcome)],
    ['IP address', mono(address)],
    ['Request ID', mono(request)],
    ['Record', seq.toLocaleString('en')],
    ...('head' in record ? [['Chain hash', mono(head)] as const] : []),
  ]
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
