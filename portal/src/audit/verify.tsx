/** The chain of the trail, verified by the server with one click: how far it is, and where it breaks. */
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { type ChainPoint, strongroom, type Verified } from '../api/client.ts'
import { Button, Field } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { useIsHere } from '../ui/here.ts'
import { Progress } from '../ui/progress.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { counted } from '../ui/words.ts'

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly done: number; readonly total: number }
  | { readonly kind: 'done'; readonly result: Verified; readonly from: number }
  | { readonly kind: 'failed'; readonly message: string }

/** @param onFault told the number of the first record that does not hold */
export function VerifyButton({ onFault }: { readonly onFault: (seq: number | undefined) => void }) {
  const [isOpen, setOpen] = useState(false)
  const [state, setState] = useState<State>({ kind: 'idle' })
  const isShown = useIsHere(isOpen)
  const run = async (after?: ChainPoint) => {
    setOpen(true)
    setState({ kind: 'running', done: 0, total: 0 })
    try {
      const result = await act(() =>
        strongroom.audit.verify({
          ...(after === undefined ? {} : { after }),
          onProgress: ({ records, total }) => setState({ kind: 'running', done: records, total }),
        }),
      )
      onFault(result.fault?.seq)
      setState({ kind: 'done', result, from: after?.seq ?? 0 })
      if (!isShown.current) sayVerified(result)
    } catch (error) {
      if (error instanceof Cancelled) setOpen(false)
      else setState({ kind: 'failed', message: sentenceOf(error) })
      if (!isShown.current && !(error instanceof Cancelled)) toast(`Couldn’t verify: ${sentenceOf(error)}`, true)
    }
  }
  return (
    <>
      <Button onPress={() => void run()} isDisabled={state.kind === 'running'}>
        <ShieldCheck size={14} aria-hidden />
        Verify
      </Button>
      <Dialog title="Verify audit log" isOpen={isOpen} onClose={() => setOpen(false)} isWide>
        <div className="stack">
          {state.kind === 'running' ? (
            <Progress done={state.done} total={state.total} label="Records verified" />
          ) : null}
          {state.kind === 'failed' ? <Note kind="bad">Couldn’t verify: {state.message}</Note> : null}
          {state.kind === 'done' ? <Result result={state.result} from={state.from} /> : null}
          {state.kind === 'running' ? null : <Known onCheck={(after) => void run(after)} />}
          <div className="actions">
            <Button onPress={() => setOpen(false)}>Close</Button>
          </div>
        </div>
      </Dialog>
    </>
  )
}

/** To whoever has closed the dialog meanwhile. */
function sayVerified({ records, fault }: Verified): void {
  if (fault === null) toast(`Audit log verified: ${counted(records, 'record')}`)
  else toast(`Record ${fault.seq.toLocaleString('en')} of the audit log failed verification`, true)
}

function Result({
  result: { records, head, fault, archived },
  from,
}: {
  readonly result: Verified
  readonly from: number
}) {
  if (fault !== null) {
    return (
      <Note kind="bad">
        <strong>Record {fault.seq.toLocaleString('en')} failed verification.</strong> {fault.reason} The database was
        changed outside the server. Keep a copy of it and contact your administrator.
      </Note>
    )
  }
  return (
    <>
      <Note kind="ok">
        <strong>
          {archived > 0
            ? `Verified ${counted(records - from - archived, 'record')}. ${counted(archived, 'archived record')} before them were not checked: “strongroom audit verify” on the server checks those.`
            : from === 0
              ? `Verified ${counted(records, 'record')}.`
              : `Verified ${counted(records - from, 'record')} after record ${from.toLocaleString('en')}, which matches your checkpoint.`}
        </strong>{' '}
        None was changed, removed or inserted.
      </Note>
      <div className="stack-s">
        <span className="label">Checkpoint at record {records.toLocaleString('en')}</span>
        <CopyOnce text={`${records} ${head}`} what="Checkpoint" />
        <p className="hint">
          Save it outside this server. Only a saved checkpoint shows if the whole log is ever rewritten.
        </p>
      </div>
    </>
  )
}

/** Against a head that somebody kept. */
function Known({ onCheck }: { readonly onCheck: (point: ChainPoint) => void }) {
  const [text, setText] = useState('')
  const match = /^\s*([1-9]\d{0,15})[\s:]+([0-9a-f]{64})\s*$/.exec(text)
  const [, seq = '', head = ''] = match ?? []
  return (
    <details className="more">
      <summary>Compare with a saved checkpoint</summary>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (match !== null) onCheck({ seq: Number(seq), head })
        }}
      >
        <Field
          label="Checkpoint"
          value={text}
          onValue={setText}
          placeholder="1204 6f0d00d3…"
          hint="As copied from here: a number and a 64-character hash."
          fault={
            text.trim() === '' || match !== null ? undefined : 'Enter a number, a space and 64 characters (0–9, a–f).'
          }
          spellCheck={false}
        />
        <div>
          <Button type="submit" isDisabled={match === null}>
            Verify from there
          </Button>
        </div>
      </form>
    </details>
  )
}
