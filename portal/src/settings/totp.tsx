/** Codes of an authenticator app as second factor. */
import { useState } from 'react'
import { encode } from 'uqr'
import { credentials } from '../api/account.ts'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Field } from '../ui/controls.tsx'
import { copyText } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'

interface Begun {
  readonly secret: string
  readonly url: string
}

export function TotpCard() {
  const [begun, setBegun] = useState<Begun>()
  const [codes, setCodes] = useState<readonly string[]>()
  const [isDropping, setDropping] = useState(false)
  const begin = async () => {
    try {
      const { secret, otpauth_url: url } = await act(credentials.beginTotp)
      setBegun({ secret, url })
    } catch (error) {
      if (!(error instanceof Cancelled)) toast(sentenceOf(error), true)
    }
  }
  return (
    <section className="card card-pad spread" aria-label="Authenticator app">
      <div>
        <h2>Authenticator app</h2>
        <p className="hint">A code from your phone is asked for with the password.</p>
      </div>
      <div className="row">
        <Button onPress={() => void begin()}>Set up</Button>
        <Button look="quiet bad" onPress={() => setDropping(true)}>
          Turn off
        </Button>
      </div>
      {begun === undefined ? null : (
        <SetUpDialog begun={begun} onClose={() => setBegun(undefined)} onCodes={setCodes} />
      )}
      <Dialog title="Recovery codes" isOpen={codes !== undefined} onClose={() => undefined} isFirm>
        {codes === undefined ? null : (
          <div className="stack">
            <Note kind="warn">
              Each works once in place of a code, when your phone is gone. They are shown this once: keep them where
              your phone is not.
            </Note>
            <ul className="codes">
              {codes.map((code) => (
                <li key={code}>{code}</li>
              ))}
            </ul>
            <div className="actions">
              <Button onPress={() => void copyText(async () => codes.join('\n'), 'The codes')}>Copy</Button>
              <Button look="primary" onPress={() => setCodes(undefined)}>
                I have kept them
              </Button>
            </div>
          </div>
        )}
      </Dialog>
      {isDropping ? (
        <FormDialog
          title="Turn the authenticator app off?"
          isOpen
          isBad
          onClose={() => setDropping(false)}
          submit="Turn off"
          run={async () => {
            await credentials.dropTotp()
            toast('No code is asked for any more')
          }}
        >
          <p className="small">From then on your password alone signs you in.</p>
        </FormDialog>
      ) : null}
    </section>
  )
}

function SetUpDialog({
  begun,
  onClose,
  onCodes,
}: {
  readonly begun: Begun
  readonly onClose: () => void
  readonly onCodes: (codes: readonly string[]) => void
}) {
  const [code, setCode] = useState('')
  return (
    <FormDialog
      title="Set up an authenticator app"
      isOpen
      onClose={onClose}
      submit="Confirm"
      isReady={/^\d{6}$/.test(code.trim())}
      run={async () => onCodes((await credentials.finishTotp(code.trim())).recovery_codes)}
    >
      <p className="small">Scan this with the app, or type the text into it. Then enter the code that it shows.</p>
      <div className="row" style={{ alignItems: 'center', gap: 20 }}>
        <Qr text={begun.url} />
        <code className="break" style={{ maxWidth: 200 }}>
          {begun.secret.replaceAll(/(.{4})(?=.)/g, '$1 ')}
        </code>
      </div>
      <Field
        label="Code"
        value={code}
        onValue={setCode}
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={6}
        autoFocus
        required
      />
    </FormDialog>
  )
}

/** The code as elements: no markup is made of text. */
function Qr({ text }: { readonly text: string }) {
  const { data, size } = encode(text, { border: 1 })
  const path = data.flatMap((line, y) => line.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return (
    <div className="qr">
      <svg
        viewBox={`0 0 ${size} ${size}`}
        role="img"
        aria-label="QR code for the authenticator app"
        shapeRendering="crispEdges"
      >
        <path d={path} fill="#000" />
      </svg>
    </div>
  )
}
