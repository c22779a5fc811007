/** What somebody else changed of a secret while one edited it, and what becomes of that if one's own is saved. */
import { Fragment } from 'react'
import type { Metadata } from '../api/client.ts'
import { Facts } from '../ui/facts.tsx'
import { Note } from '../ui/states.tsx'
import { expiryDay } from '../ui/time.tsx'

type Known = Pick<Metadata, 'name' | 'list' | 'filename' | 'description' | 'tags' | 'expires_at'>

const facts = {
  Name: ({ name }: Known) => name,
  List: ({ list }: Known) => list?.name ?? '',
  'File name': ({ filename }: Known) => filename ?? '',
  Description: ({ description }: Known) => description,
  Tags: ({ tags }: Known) => [...tags].sort().join(', '),
  'Expires on': ({ expires_at }: Known) => expiryDay(expires_at),
} as const

type Fact = keyof typeof facts
const names = Object.keys(facts) as readonly Fact[]

/** What of the secret is another. */
export function changedFacts(before: Known, after: Known): ReadonlySet<Fact> {
  return new Set(names.filter((name) => facts[name](before) !== facts[name](after)))
}

export function DetailsConflict({
  base,
  theirs,
  mine,
}: {
  readonly base: Known
  readonly theirs: Known
  readonly mine: Known
}) {
  const changed = [...changedFacts(base, theirs)]
  const ownChanges = changedFacts(base, mine)
  const lost = changed.filter((name) => ownChanges.has(name) && facts[name](mine) !== facts[name](theirs))
  return (
    <Note kind="warn">
      <strong>Someone else changed this.</strong>
      <Facts
        look="conflict"
        of={changed.map((name) => [
          name,
          <Fragment key={name}>
            <del>{textOf(facts[name](base))}</del> <ins>{textOf(facts[name](theirs))}</ins>
          </Fragment>,
        ])}
      />
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
