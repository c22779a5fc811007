/** What changed between two versions of a text: read when asked for, and gone again soon. */
import { diffLines } from 'diff'
import { Eye } from 'lucide-react'
import type { Metadata } from '../../../src/client/index.ts'
import { strongroom } from '../api/client.ts'
import { Button } from '../ui/controls.tsx'
import { Note } from '../ui/states.tsx'
import { useReveal } from './value.ts'

/** Between the two texts, which may hold anything that JSON can say. */
const join = (before: string, after: string) => JSON.stringify([before, after])

export function Diff({
  secret,
  before,
  after,
}: {
  readonly secret: Metadata
  readonly before: number
  readonly after: number
}) {
  const { shown, reveal, hide } = useReveal(async () => {
    const [old, next] = await Promise.all([
      strongroom.secrets.version(secret.id, before),
      strongroom.secrets.version(secret.id, after),
    ])
    return join(old.value, next.value)
  })
  if (shown.kind !== 'shown') {
    return (
      <div className="stack">
        {shown.kind === 'failed' ? <Note kind="bad">{shown.message}</Note> : null}
        <p className="small muted">
          The values are hidden. Showing them reads both versions: two records in the trail.
        </p>
        <div>
          <Button onPress={() => void reveal()} isDisabled={shown.kind === 'loading'}>
            <Eye size={14} aria-hidden />
            Show what changed
          </Button>
        </div>
      </div>
    )
  }
  const [old = '', next = ''] = JSON.parse(shown.value) as readonly string[]
  if (old === next) return <Note>The two values are the same.</Note>
  return (
    <div className="stack">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keys */}
      <div className="diff" data-value tabIndex={0} role="region" aria-label="What changed">
        {diffLines(old, next).flatMap((part, at) =>
          part.value
            .replace(/\n$/, '')
            .split('\n')
            .map((line, row) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one comparison keep their places
              <div key={`${at} ${row}`} className={part.added ? 'add' : part.removed ? 'del' : ''}>
                <span>{part.added ? '+' : part.removed ? '−' : ' '}</span>
                <span>{line}</span>
              </div>
            )),
        )}
      </div>
      <div className="row">
        <Button small onPress={hide}>
          Hide
        </Button>
        <span className="hint">Hides after 30 seconds, or when you leave this window.</span>
      </div>
    </div>
  )
}
