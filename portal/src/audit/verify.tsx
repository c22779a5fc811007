/** The chain of the trail, verified by the server with one click: how far it is, and where it breaks. */
import { ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { type ChainPoint, strongroom, type Verified } from '../api/client.ts'
import { Button, Field } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Progress } from '../ui/progress.tsx'
import { Note } from '../ui/states.tsx'

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly done: number; readonly total: number }
  | { readonly kind: 'done'; readonly result: Verified; readonly from: number }
  | { readonly kind: 'failed'; readonly message: string }

/** @param onFault told the number of the first record that does not hold */
export function VerifyButton({ onFault }: { readonly onFault: (seq: number | undefined) => void }) {
  const [isOpen, setOpen] = useState(false)
  const [state, setState] = useState<State>({ kind: 'idle' })
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
    } catch (error) {
      if (error instanceof Cancelled) setOpen(false)
      else setState({ kind: 'failed', message: sentenceOf(error) })
    }
  }
  return (
    <>
      <Button onPress={() => void run()} isDisabled={state.kind === 'running'}>
        <ShieldCheck size={14} aria-hidden />
        Verify
      </Button>
      <Dialog title="Verify the trail" isOpen={isOpen} onClose={() => setOpen(false)} isWide>
        <div className="stack">
          {state.kind === 'running' ? (
            <Progress done={state.done} total={state.total} label="Records verified" />
          ) : null}
          {state.kind === 'failed' ? <Note kind="bad">It could not be verified: {state.message}</Note> : null}
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

function Result({ result: { records, head, fault }, from }: { readonly result: Verified; readonly from: number }) {
  if (fault !== null) {
    return (
      <Note kind="bad">
        <strong>Record {fault.seq.toLocaleString('en')} does not hold.</strong> {fault.reason} Somebody has changed the
        database behind the server&rsquo;s back: keep a copy of it, and tell whoever runs the server.
      </Note>
    )
  }
  return (
    <>
      <Note kind="ok">
        <strong>
          {from === 0
            ? `All ${records.toLocaleString('en')} records hold.`
            : `All ${(records - from).toLocaleString('en')} records after record ${from.toLocaleString('en')} hold, and it is the one that you kept.`}
        </strong>{' '}
        None was changed, left out or put in.
      </Note>
      <div className="stack-s">
        <span className="label">Head after record {records.toLocaleString('en')}</span>
        <CopyOnce text={`${records} ${head}`} what="The head" />
        <p className="hint">
          Keep it outside of this server. A trail that is written anew from its beginning holds too, and only a head
          that somebody kept tells.
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
      <summary>Hold it against a head that you kept</summary>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (match !== null) onCheck({ seq: Number(seq), head })
        }}
      >
        <Field
          label="Number and head of a record"
          value={text}
          onValue={setText}
          placeholder="1204 6f0d00d3…"
          hint="As copied from here: a number and 64 letters and digits."
          fault={
            text.trim() === '' || match !== null ? undefined : 'A number, a blank, and 64 characters of 0-9 and a-f.'
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
