/** What one signs in with beside the password: passkeys, an authenticator app, recovery codes, the account's provider. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Building2, Fingerprint, LifeBuoy, Smartphone } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { act, Cancelled, read, sentenceOf } from '../api/ask.ts'
import { type Factors, factors, sso } from '../api/factors.ts'
import { AuthenticatorForm } from '../session/authenticator.tsx'
import { canUsePasskeys, makePasskey } from '../session/passkey.ts'
import { RecoveryCodes } from '../session/recovery.tsx'
import { useSession } from '../session/store.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Field } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loading, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'

type Open =
  | { readonly kind: 'passkey' | 'app' }
  | { readonly kind: 'rename'; readonly id: number; readonly from: string }
  | { readonly kind: 'remove'; readonly id: number; readonly what: string }

export function FactorsCard() {
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({ queryKey: ['factors'], queryFn: () => read(factors.mine) })
  const [open, setOpen] = useState<Open>()
  /** Beside what is open: a dialog closes itself when it is done. */
  const [codes, setCodes] = useState<readonly string[]>()
  const [name, setName] = useState('')
  const refresh = () => cache.invalidateQueries({ queryKey: ['factors'] })
  const close = () => setOpen(undefined)
  const done = (made: readonly string[] | null) => {
    setOpen(undefined)
    setCodes(made ?? undefined)
    void refresh()
  }
  const replaceCodes = async () => {
    try {
      done((await act(factors.newCodes)).recovery_codes)
    } catch (failure) {
      if (!(failure instanceof Cancelled)) toast(sentenceOf(failure), true)
    }
  }
  return (
    <section className="card" aria-labelledby="factors-title">
      <div className="card-head">
        <div>
          <h2 id="factors-title">Signing in</h2>
          <p className="hint">With one of these a stolen password alone lets nobody in.</p>
        </div>
      </div>
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading lines={3} /> : null}
      {data === undefined ? null : <Lines data={data} onOpen={setOpen} onNewCodes={() => void replaceCodes()} />}
      {open?.kind === 'passkey' ? (
        <FormDialog
          title="Add a passkey"
          isOpen
          onClose={close}
          submit="Go on"
          isReady={name.trim() !== ''}
          run={async () => {
            done((await makePasskey(name.trim())).recovery_codes)
            setName('')
          }}
        >
          <p className="small">
            Your device asks for your face, your finger or its PIN, and signs you in from then on.
          </p>
          <Field
            label="What you call it"
            value={name}
            onValue={setName}
            placeholder="Laptop"
            maxLength={64}
            autoFocus
            required
          />
        </FormDialog>
      ) : null}
      <Dialog title="Authenticator app" isOpen={open?.kind === 'app'} onClose={close}>
        <AuthenticatorForm onDone={done} onCancel={close} />
      </Dialog>
      <Dialog title="Recovery codes" isOpen={codes !== undefined} onClose={() => undefined} isFirm>
        {codes === undefined ? null : <RecoveryCodes codes={codes} onDone={() => setCodes(undefined)} />}
      </Dialog>
      {open?.kind === 'rename' ? <RenameDialog {...open} onClose={close} onDone={refresh} /> : null}
      {open?.kind === 'remove' ? (
        <FormDialog
          title={`Remove ${open.what}?`}
          isOpen
          isBad
          onClose={close}
          submit="Remove"
          run={async () => {
            await factors.remove(open.id)
            await refresh()
          }}
        >
          <p className="small">It lets you in no more. With the last one your recovery codes go too.</p>
        </FormDialog>
      ) : null}
    </section>
  )
}

function RenameDialog({
  id,
  from,
  onClose,
  onDone,
}: {
  readonly id: number
  readonly from: string
  readonly onClose: () => void
  readonly onDone: () => Promise<void>
}) {
  const [name, setName] = useState(from)
  const wanted = name.trim()
  return (
    <FormDialog
      title={`Rename the passkey “${from}”`}
      isOpen
      onClose={onClose}
      submit="Rename"
      isReady={wanted !== ''}
      run={async () => {
        await factors.rename(id, wanted)
        toast(`The passkey is called ${wanted} now`)
        await onDone()
      }}
    >
      <Field
        label="What you call it"
        value={name}
        onValue={setName}
        maxLength={64}
        hint="Here alone: your device keeps its own name for it."
        autoFocus
        required
      />
    </FormDialog>
  )
}

function Lines({
  data,
  onOpen,
  onNewCodes,
}: {
  readonly data: Factors
  readonly onOpen: (open: Open) => void
  readonly onNewCodes: () => void
}) {
  const { passkeys, authenticator, recovery_codes_left: left } = data
  const hasFactor = passkeys.length > 0 || authenticator !== null
  return (
    <ul className="lines">
      {passkeys.map((one) => (
        <Line key={one.id} icon={<Fingerprint size={16} aria-hidden />} used={one.last_used_at}>
          <span className="grow break">{one.name}</span>
          <Button
            small
            aria-label={`Rename ${one.name}`}
            onPress={() => onOpen({ kind: 'rename', id: one.id, from: one.name })}
          >
            Rename
          </Button>
          <Button
            small
            aria-label={`Remove ${one.name}`}
            onPress={() => onOpen({ kind: 'remove', id: one.id, what: `the passkey “${one.name}”` })}
          >
            Remove
          </Button>
        </Line>
      ))}
      <Line icon={<Fingerprint size={16} aria-hidden />}>
        <span className="grow muted">
          {canUsePasskeys() ? 'A passkey signs you in by itself' : 'Passkeys need a browser and an address with a name'}
        </span>
        <Button small isDisabled={!canUsePasskeys()} onPress={() => onOpen({ kind: 'passkey' })}>
          Add a passkey
        </Button>
      </Line>
      <Line icon={<Smartphone size={16} aria-hidden />} used={authenticator?.last_used_at ?? null}>
        <span className={authenticator === null ? 'grow muted' : 'grow'}>
          {authenticator === null ? 'An app gives a code beside your password' : 'Authenticator app'}
        </span>
        {authenticator === null ? (
          <Button small onPress={() => onOpen({ kind: 'app' })}>
            Set up an app
          </Button>
        ) : (
          <Button
            small
            aria-label="Remove the authenticator app"
            onPress={() => onOpen({ kind: 'remove', id: authenticator.id, what: 'the authenticator app' })}
          >
            Remove
          </Button>
        )}
      </Line>
      {hasFactor ? (
        <Line icon={<LifeBuoy size={16} aria-hidden />}>
          <span className="grow">
            Recovery codes <span className={left < 3 ? 'tag warn' : 'tag'}>{left} left</span>
          </span>
          <Button small onPress={onNewCodes}>
            Make new ones
          </Button>
        </Line>
      ) : null}
      <SsoLine data={data} />
    </ul>
  )
}

/** Where the account has a provider. */
function SsoLine({ data }: { readonly data: Factors }) {
  const { account } = useSession()
  const ways = useQuery({ queryKey: ['ways-in', account.name], queryFn: () => sso.waysIn(account.name), retry: false })
  const provider = ways.data?.provider
  const [linked] = data.sso
  if (linked === undefined && (provider === undefined || provider === null)) return null
  const connect = async () => {
    try {
      location.assign((await act(() => sso.link('/portal/settings'))).url)
    } catch (failure) {
      if (!(failure instanceof Cancelled)) toast(sentenceOf(failure), true)
    }
  }
  return (
    <Line icon={<Building2 size={16} aria-hidden />} used={linked?.last_used_at ?? null}>
      <span className="grow break">{provider?.label ?? linked?.issuer}</span>
      {linked === undefined ? (
        <Button small onPress={() => void connect()}>
          Connect
        </Button>
      ) : (
        <span className="tag ok">connected</span>
      )}
    </Line>
  )
}

function Line({
  icon,
  used = null,
  children,
}: {
  readonly icon: ReactNode
  readonly used?: string | null
  readonly children: ReactNode
}) {
  return (
    <li className="factor">
      {icon}
      {children}
      {used === null ? null : (
        <span className="end hide-narrow">
          used <Ago time={used} />
        </span>
      )}
    </li>
  )
}
