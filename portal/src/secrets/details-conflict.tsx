/** What somebody else changed of a secret while one edited it, and what becomes of that if one's own is saved. */
import type { Metadata } from '../../../src/client/index.ts'
import { Note } from '../ui/states.tsx'
import { expiryDay } from './details-fields.tsx'

type Facts = Pick<Metadata, 'name' | 'list' | 'filename' | 'description' | 'tags' | 'expires_at'>

const facts = {
  Name: ({ name }: Facts) => name,
  List: ({ list }: Facts) => list.name,
  'File name': ({ filename }: Facts) => filename ?? '',
  Description: ({ description }: Facts) => description,
  Tags: ({ tags }: Facts) => [...tags].sort().join(', '),
  'Expires on': ({ expires_at }: Facts) => expiryDay(expires_at),
} as const

type Fact = keyof typeof facts
const names = Object.keys(facts) as readonly Fact[]

/** What of the secret is another. */
export function changedFacts(before: Facts, after: Facts): ReadonlySet<Fact> {
  return new Set(names.filter((name) => facts[name](before) !== facts[name](after)))
}

export function DetailsConflict({
  base,
  theirs,
  mine,
}: {
  readonly base: Facts
  readonly theirs: Facts
  readonly mine: Facts
}) {
  const changed = [...changedFacts(base, theirs)]
  const ownChanges = changedFacts(base, mine)
  const lost = changed.filter((name) => ownChanges.has(name) && facts[name](mine) !== facts[name](theirs))
  return (
    <Note kind="warn">
      <strong>Somebody else changed it.</strong>
      <dl className="facts conflict">
        {changed.map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="break">
              <del>{textOf(facts[name](base))}</del> <ins>{textOf(facts[name](theirs))}</ins>
            </dd>
          </div>
        ))}
      </dl>
      {lost.length === 0
        ? 'You changed nothing of that: if you save yours, theirs stays too.'
        : `Keep theirs, or save yours: it replaces their ${lost.join(' and ').toLowerCase()}.`}
      {lost.length > 0 && lost.length < changed.length ? ' The rest of theirs stays.' : ''}
    </Note>
  )
}

function textOf(fact: string): string {
  return fact === '' ? 'none' : fact
}
