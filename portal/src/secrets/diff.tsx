/** What changed between two versions: read when asked for, and gone again soon. */
import { type ChangeObject, diffLines } from 'diff'
import { Eye } from 'lucide-react'
import { type Metadata, strongroom } from '../api/client.ts'
import { Button } from '../ui/controls.tsx'
import { Note } from '../ui/states.tsx'
import { sizeText } from '../ui/words.ts'
import { bytesOf, textOf } from './content.ts'
import { useReveal } from './value.ts'

/** Longer than that nobody waits for two texts that have nothing in common. */
const timeoutMs = 3000
/** Lines around a change. */
const around = 3
/** Fewer lines are not left out. */
const minGap = 4

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
      strongroom.secrets.version(secret.id, before, { resolve: false }),
      strongroom.secrets.version(secret.id, after, { resolve: false }),
    ])
    return join(old.value, next.value)
  })
  if (shown.kind !== 'shown') {
    return (
      <div className="stack">
        {shown.kind === 'failed' ? <Note kind="bad">{shown.message}</Note> : null}
        <p className="small muted">The values are hidden. Showing them reads both versions, and each read is logged.</p>
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
      {secret.type === 'file' ? <Files old={bytesOf(old)} next={bytesOf(next)} /> : <Texts old={old} next={next} />}
      <div className="row">
        <Button small onPress={hide}>
          Hide
        </Button>
        <span className="hint">Hides after 30 seconds, or when you leave this window.</span>
      </div>
    </div>
  )
}

function Files({ old, next }: { readonly old: Uint8Array; readonly next: Uint8Array }) {
  const [before, after] = [textOf(old), textOf(next)]
  if (before !== undefined && after !== undefined) return <Texts old={before} next={after} />
  return (
    <Note>
      The two files differ: {sizeText(old.length)} before, {sizeText(next.length)} after. They are not both texts; to
      look into them, download them from the history.
    </Note>
  )
}

function Texts({ old, next }: { readonly old: string; readonly next: string }) {
  const parts = diffLines(old, next, { timeout: timeoutMs })
  if (parts === undefined) {
    return <Note>The two texts are long, and have too little in common to be shown beside each other.</Note>
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keys
    <div className="diff" data-value tabIndex={0} role="region" aria-label="What changed">
      {parts.flatMap((part, at) =>
        linesOf(part, at === 0, at === parts.length - 1).map(({ kind, text }, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one comparison keep their places
          <div key={`${at} ${row}`} className={kind}>
            <span>{signs[kind]}</span>
            <span>{text}</span>
          </div>
        )),
      )}
    </div>
  )
}

const signs = { add: '+', del: '−', gap: '⋯', same: ' ' } as const

interface Line {
  readonly kind: keyof typeof signs
  readonly text: string
}

/** The lines of a part; of one that did not change, those next to what did. */
function linesOf({ value, added, removed }: ChangeObject<string>, isFirst: boolean, isLast: boolean): readonly Line[] {
  const texts = value.replace(/\n$/, '').split('\n')
  const kind = added ? 'add' : removed ? 'del' : 'same'
  const lines = texts.map((text) => ({ kind, text }) as const)
  const [before, after] = [isFirst ? 0 : around, isLast ? 0 : around]
  const left = lines.length - before - after
  if (kind !== 'same' || left < minGap) return lines
  const gap = { kind: 'gap', text: `${left} lines as before` } as const
  return [...lines.slice(0, before), gap, ...lines.slice(lines.length - after)]
}
