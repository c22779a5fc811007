/** A dialog that does one thing to all that are selected: it asks, shows how far it is, and says what failed and why. */
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { Link } from 'wouter'
import { Button, Field } from '../ui/controls.tsx'
import { CancelButton, Dialog, useStaying } from '../ui/dialog.tsx'
import { Progress } from '../ui/progress.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { counted } from '../ui/words.ts'
import { type Bulk, begun, forEach, type Refused } from './bulk.ts'
import { useRefreshSecrets } from './queries.ts'
import { type Chosen, chosenOf, type Selecting } from './selection.ts'

/** From so many on, the number must be typed before what cannot be undone. */
const typedFrom = 5

interface BulkProps {
  readonly selecting: Selecting
  readonly title: string
  readonly submit: string
  /** What was done to them, such as `moved to web`. */
  readonly did: string
  readonly isReady?: boolean
  readonly isBad?: boolean
  /** Does it with a group. */
  readonly what: (group: readonly Chosen[]) => Promise<Refused>
  readonly onClose: () => void
  /** Says that it was done with all; in the corner, unless there is more to say. */
  readonly say?: (what: string, did: string) => void
  /** What is asked before. */
  readonly children: ReactNode
}

type Phase =
  | { readonly kind: 'asking' }
  | { readonly kind: 'running'; readonly bulk: Bulk; readonly isStopping: boolean }
  | { readonly kind: 'over'; readonly bulk: Bulk; readonly total: number }

export function BulkDialog({ selecting, title, isBad = false, ...props }: BulkProps) {
  const [phase, setPhase] = useState<Phase>({ kind: 'asking' })
  const [total] = useState(selecting.count)
  return (
    <Dialog
      title={title}
      isOpen
      onClose={props.onClose}
      isAlert={isBad}
      // What is under way is stopped by its button alone.
      isFirm={phase.kind === 'running'}
    >
      <Steps {...props} selecting={selecting} isBad={isBad} total={total} phase={phase} onPhase={setPhase} />
    </Dialog>
  )
}

function Steps({
  selecting,
  total,
  phase,
  onPhase,
  did,
  what,
  say = (count, done) => toast(`${count} ${done}`),
  onClose,
  children,
  ...form
}: Omit<BulkProps, 'title'> & {
  readonly total: number
  readonly phase: Phase
  readonly onPhase: (phase: Phase) => void
}) {
  const refresh = useRefreshSecrets()
  const stop = useRef(new AbortController())
  useStaying(phase.kind === 'running')
  useEffect(() => {
    const controller = stop.current
    return () => controller.abort()
  }, [])
  const run = async () => {
    const { signal } = stop.current
    const show = (bulk: Bulk) => onPhase({ kind: 'running', bulk, isStopping: signal.aborted })
    show(begun)
    const bulk = await forEach(chosenOf(selecting.selection, signal), what, signal, show)
    await refresh()
    const isWhole = bulk.failed === 0 && bulk.ended === undefined && !signal.aborted
    if (isWhole) {
      say(counted(bulk.done, 'secret'), did)
      selecting.clear()
      return onClose()
    }
    if (bulk.failures.length > 0) selecting.keep(bulk.failures)
    onPhase({ kind: 'over', bulk, total })
  }
  if (phase.kind === 'over') return <Report bulk={phase.bulk} total={total} did={did} onClose={onClose} />
  if (phase.kind === 'asking') {
    return (
      <Asking {...form} total={total} onRun={() => void run()}>
        {children}
      </Asking>
    )
  }
  const { bulk, isStopping } = phase
  return (
    <div className="stack">
      <Progress done={bulk.done + bulk.failed} total={total} label="Secrets" />
      {bulk.failed === 0 ? null : <p className="small">{bulk.failed.toLocaleString('en')} failed so far.</p>}
      <div className="actions">
        <Button
          onPress={() => {
            stop.current.abort()
            onPhase({ ...phase, isStopping: true })
          }}
          isDisabled={isStopping}
          autoFocus
        >
          {isStopping ? 'Stopping…' : 'Stop'}
        </Button>
      </div>
    </div>
  )
}

function Asking({
  submit,
  isBad = false,
  isReady = true,
  total,
  onRun,
  children,
}: Pick<BulkProps, 'submit' | 'isBad' | 'isReady' | 'children'> & {
  readonly total: number
  readonly onRun: () => void
}) {
  const [typed, setTyped] = useState('')
  const mustType = isBad && total >= typedFrom
  const isSure = !mustType || typed.replaceAll(',', '').trim() === String(total)
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (isReady && isSure) onRun()
  }
  return (
    <form className="stack" onSubmit={send}>
      {children}
      {mustType ? (
        <Field
          label="Type the number of secrets to confirm"
          value={typed}
          onValue={setTyped}
          placeholder={String(total)}
          inputMode="numeric"
          autoComplete="off"
          autoFocus
        />
      ) : null}
      <div className="actions">
        <CancelButton />
        <Button type="submit" look={isBad ? 'danger' : 'primary'} isDisabled={!isReady || !isSure}>
          {submit}
        </Button>
      </div>
    </form>
  )
}

function Report({
  bulk: { done, failed, failures, ended },
  total,
  did,
  onClose,
}: {
  readonly bulk: Bulk
  readonly total: number
  readonly did: string
  readonly onClose: () => void
}) {
  const left = Math.max(0, total - done - failed)
  return (
    <div className="stack">
      <Note kind={failed > 0 || ended !== undefined ? 'warn' : 'info'}>
        <strong>
          {counted(done, 'secret')} {did}.
        </strong>{' '}
        {failed === 0 ? '' : `${failed.toLocaleString('en')} failed. `}
        {left === 0 ? '' : `${left.toLocaleString('en')} left as ${left === 1 ? 'it was' : 'they were'}. `}
        {ended === undefined ? '' : `Stopped early: ${ended}`}
      </Note>
      {failures.length === 0 ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long list is scrolled by keys
        <div className="failures" tabIndex={0} role="region" aria-label="Failed">
          <ul>
            {failures.map(({ id, name, why }) => (
              <li key={id}>
                <Link href={`/secrets/${id}`}>{name}</Link>
                <span className="muted">{why}</span>
              </li>
            ))}
          </ul>
          {failed > failures.length ? (
            <p className="hint">and {counted(failed - failures.length, 'more', 'more')}</p>
          ) : null}
        </div>
      )}
      <div className="actions">
        <Button look="primary" onPress={onClose} autoFocus>
          Close
        </Button>
      </div>
    </div>
  )
}
