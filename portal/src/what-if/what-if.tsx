/**
 * What a change would have refused in the last days, before it is made: for whoever may read the audit log. It never holds up
 * the change itself: until it is known, and where it cannot be, the button is there all the same.
 */
import { strongroom, type Tried, type WhatIf } from '../api/client.ts'
import { firstEnvironment } from '../api/environment.ts'
import { useAnswer } from '../api/queries.ts'
import { isPageView } from '../audit/actions.ts'
import { actionText } from '../audit/words.ts'
import { useRights } from '../session/rights.ts'
import { useSettled } from '../ui/later.ts'
import { Note } from '../ui/states.tsx'
import { Ago, exactTime } from '../ui/time.tsx'
import { counted } from '../ui/words.ts'

/** As many as the server looks at where nothing else is said. */
const days = 7
const shownLines = 5

/** What it is called in a sentence. */
const subjects: Readonly<Record<WhatIf['kind'], string>> = {
  key: 'this key',
  trust_rule: 'the keys of this rule',
  machine: 'this machine',
  user: 'this user',
  secret: 'this secret',
}

/** In a sentence: what is tried, and its verbs. */
interface Subject {
  readonly what: string
  readonly was: 'was' | 'were'
}

function subjectOf({ kind, ids }: WhatIf): Subject {
  if (ids !== undefined && ids.length > 1) return { what: 'these secrets', was: 'were' }
  return { what: subjects[kind], was: kind === 'trust_rule' ? 'were' : 'was' }
}

/** Secrets that the server tries together. */
export const triedTogether = 100

/** Before several secrets are deleted, or renamed: of the first so many. */
export function WhatIfOfMany({
  ids,
  change,
}: {
  /** Not known before they are loaded. */
  readonly ids: readonly number[] | undefined
  readonly change: 'remove' | 'rename'
}) {
  const mayAsk = useRights().hasSomewhere('audit:read')
  if (!mayAsk || ids === undefined || ids.length === 0) return null
  return (
    <>
      <WhatIfNote change={{ kind: 'secret', ids: ids.slice(0, triedTogether), change }} />
      {ids.length > triedTogether ? <p className="hint">Only the first {triedTogether} secrets were checked.</p> : null}
    </>
  )
}

/** @param change what is tried, or nothing while nothing would be different */
export function WhatIfNote({ change }: { readonly change: WhatIf | undefined }) {
  const mayAsk = useRights().hasSomewhere('audit:read')
  // What is asked again with each keystroke would be recorded each time.
  const wanted = change && JSON.stringify(change)
  const settled = useSettled(wanted)
  const tried = useAnswer(
    ['what-if', settled],
    async (options) => (change === undefined ? null : strongroom.audit.whatIf(change, options)),
    { enabled: mayAsk && settled !== undefined && settled === wanted, staleTime: Number.POSITIVE_INFINITY, gcTime: 0 },
  )
  if (!mayAsk || change === undefined) return null
  if (settled === wanted && tried.error !== null) {
    return <p className="hint">Couldn’t check the audit log for what this would refuse.</p>
  }
  if (settled !== wanted || tried.data == null) {
    return (
      <p className="hint" role="status">
        Checking the audit log…
      </p>
    )
  }
  return (
    <>
      {change.change === 'rename' ? null : (
        <Refused tried={tried.data} subject={subjectOf(change)} kind={change.kind} />
      )}
      <Templates of={tried.data.unresolved_templates} />
    </>
  )
}

interface RefusedProps {
  readonly tried: Tried
  readonly subject: Subject
  readonly kind: WhatIf['kind']
}

function Refused({ tried, subject: { what, was }, kind }: RefusedProps) {
  const { complete, from } = tried
  const lines = linesOf(tried, kind)
  // That people looked at a secret in the portal says nothing of what needs it.
  const used = lines.reduce((sum, { count }) => sum + count, 0)
  const requests = kind === 'secret' ? used : tried.requests
  const refused = kind === 'secret' ? used : tried.refused_requests
  const since = complete ? '' : ` Only requests since ${exactTime(from)} could be checked.`
  const made = `${kind === 'secret' ? `${was} in` : 'made'} ${counted(requests, 'request')}`
  if (refused === 0) {
    return (
      <p className="small">
        In the last {days} days {what} {requests === 0 ? `${was}n’t used` : `${made}; none would be refused`}.{since}
      </p>
    )
  }
  return (
    <Note kind="warn">
      In the last {days} days {what} {made};{' '}
      {refused === requests ? (requests === 1 ? 'it' : 'all') : refused.toLocaleString('en')} would be refused:
      <ul>
        {lines.slice(0, shownLines).map(({ text, count, last }) => (
          <li key={text} className="break">
            {text}: {counted(count, 'time')}, <Ago time={last} />
          </li>
        ))}
        {lines.length > shownLines ? <li>and {lines.length - shownLines} more</li> : null}
      </ul>
      {since}
    </Note>
  )
}

interface Line {
  readonly text: string
  readonly count: number
  readonly last: string
}

/** Of a secret: what only shows it, or was done once. */
const asides = new Set(['secret.access', 'secret.create', 'version.list'])

/** What was done, the last first; of a secret, also by whom. The keys of a rule are many, and do the same. */
function linesOf({ refused }: Tried, kind: WhatIf['kind']): readonly Line[] {
  const lines = new Map<string, Line>()
  for (const { action, name, environment, principal, requests, last_at: last } of refused) {
    if (kind === 'secret' && (isPageView(action) || asides.has(action))) continue
    const where = environment === null || environment === firstEnvironment ? '' : ` in ${environment}`
    const who = kind === 'secret' ? ` by ${principal.name}` : ''
    const text = `${actionText(action)}${name === null ? '' : ` ${name}`}${where}${who}`
    const known = lines.get(text)
    lines.set(text, { text, count: requests + (known?.count ?? 0), last: known?.last ?? last })
  }
  return [...lines.values()]
}

function Templates({ of: templates }: { readonly of: Tried['unresolved_templates'] }) {
  if (templates.length === 0) return null
  const names = templates.slice(0, shownLines).map(({ name }) => name)
  const more = templates.length > shownLines ? ` and ${templates.length - shownLines} more` : ''
  return (
    <Note kind="warn">
      {counted(templates.length, 'template')} will no longer resolve: {names.join(', ')}
      {more}.
    </Note>
  )
}
