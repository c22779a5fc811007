/** Setting up an authenticator app: a code to scan, and the first code back. */
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { encode } from 'uqr'
import { act } from '../api/ask.ts'
import { factors } from '../api/factors.ts'
import { useAttempt } from '../ui/attempt.ts'
import { Button, Field } from '../ui/controls.tsx'
import { Loading, Note, Trouble } from '../ui/states.tsx'

/** @param onDone with recovery codes, where these are the first */
export function AuthenticatorForm({
  onDone,
  onCancel,
}: {
  readonly onDone: (codes: readonly string[] | null) => void
  readonly onCancel: () => void
}) {
  const { data, error } = useQuery({
    queryKey: ['enrolment'],
    queryFn: () => act(factors.beginTotp),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  const [code, setCode] = useState('')
  const { attempt, trouble, isBusy } = useAttempt()
  if (error !== null) return <Trouble error={error} />
  if (data === undefined) return <Loading lines={4} />
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void attempt(async () => onDone((await factors.finishTotp(data.enrolment, code)).recovery_codes))
  }
  return (
    <form className="stack" onSubmit={submit}>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      <p className="small">Scan this with an authenticator app, then enter the code it shows.</p>
      <QrCode text={data.uri} />
      <details>
        <summary className="small">Can’t scan it?</summary>
        <p className="hint">
          Enter this key in the app (time-based, six digits): <code className="break">{data.secret}</code>
        </p>
      </details>
      <Field
        label="Code"
        name="code"
        value={code}
        onValue={setCode}
        inputMode="numeric"
        autoComplete="one-time-code"
        pattern="[0-9 ]{6,7}"
        title="Six digits"
        autoFocus
        required
      />
      <div className="actions">
        <Button onPress={onCancel}>Cancel</Button>
        <Button type="submit" look="primary" isDisabled={isBusy}>
          Turn it on
        </Button>
      </div>
    </form>
  )
}

/** Black on white in any theme: cameras want it so. */
function QrCode({ text }: { readonly text: string }) {
  const { size, data } = encode(text, { border: 2 })
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="Code to scan with an authenticator app">
      <rect width={size} height={size} className="qr-light" />
      <path d={path} className="qr-dark" />
    </svg>
  )
}
