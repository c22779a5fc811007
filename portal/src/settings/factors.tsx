/** What one signs in with beside the password: passkeys, an authenticator app, recovery codes, the account's provider. */
import { Building2, Fingerprint, LifeBuoy, Smartphone } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { Factors } from '../api/client.ts'
import { factors } from '../api/factors.ts'
import { useAnswer, useRefresh } from '../api/queries.ts'
import { useSession } from '../api/session.ts'
import { provider as accountProvider } from '../api/sessions.ts'
import { AuthenticatorForm } from '../session/authenticator.tsx'
import { canUsePasskeys, makePasskey } from '../session/passkey.ts'
import { RecoveryCodes } from '../session/recovery.tsx'
import { attempt } from '../ui/attempt.ts'
import { Card } from '../ui/card.tsx'
import { Button, Field } from '../ui/controls.tsx'
import { Dialog, useDialog } from '../ui/dialog.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { Loaded } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'

const listed = ['factors']

type Passkey = Factors['passkeys'][number]

/** What one can do with factors. */
interface ForFactors {
  readonly addPasskey: () => void
  readonly addApp: () => void
  readonly rename: (passkey: Passkey) => void
  /** @param what it is called in a sentence */
  readonly remove: (id: number, what: string) => void
  readonly replaceCodes: () => Promise<void>
}

export function FactorsCard() {
  const mine = useAnswer(listed, factors.mine)
  const refresh = useRefresh(listed)
  const { dialog, open } = useDialog()
  /** @param codes the recovery codes, where these are the first */
  const done = (codes: readonly string[] | null) => {
    if (codes !== null) open((close) => <CodesDialog codes={codes} onClose={close} />)
    void refresh()
  }
  const does: ForFactors = {
    addPasskey: () => open((close) => <PasskeyDialog onClose={close} onDone={done} />),
    addApp: () =>
      open((close) => (
        <Dialog title="Authenticator app" isOpen onClose={close}>
          <AuthenticatorForm
            onDone={(codes) => {
              close()
              done(codes)
            }}
            onCancel={close}
          />
        </Dialog>
      )),
    rename: (passkey) => open((close) => <RenameDialog of={passkey} onClose={close} onDone={refresh} />),
    remove: (id, what) => open((close) => <RemoveDialog id={id} what={what} onClose={close} onDone={refresh} />),
    replaceCodes: () => attempt(async () => done((await factors.newCodes()).recovery_codes)),
  }
  return (
    <Card
      title="Two-factor authentication"
      about="Add a second step to sign-in, so that a stolen password isn’t enough."
    >
      <Loaded of={mine} lines={3}>
        {(data) => <Lines data={data} does={does} />}
      </Loaded>
      {dialog}
    </Card>
  )
}

function CodesDialog({ codes, onClose }: { readonly codes: readonly string[]; readonly onClose: () => void }) {
  return (
    <Dialog title="Recovery codes" isOpen onClose={() => undefined} isFirm>
      <RecoveryCodes codes={codes} onDone={onClose} />
    </Dialog>
  )
}

function PasskeyDialog({
  onClose,
  onDone,
}: {
  readonly onClose: () => void
  readonly onDone: (codes: readonly string[] | null) => void
}) {
  const [name, setName] = useState('')
  return (
    <FormDialog
      title="Add passkey"
      onClose={onClose}
      submit="Continue"
      isReady={name.trim() !== ''}
      run={async () => onDone((await makePasskey(name.trim())).recovery_codes)}
    >
      <p className="small">Your device asks for your fingerprint, face or PIN. From then on it can sign you in.</p>
      <Field label="Name" value={name} onValue={setName} placeholder="Laptop" maxLength={64} autoFocus required />
    </FormDialog>
  )
}

function RemoveDialog({
  id,
  what,
  onClose,
  onDone,
}: {
  readonly id: number
  readonly what: string
  readonly onClose: () => void
  readonly onDone: () => Promise<void>
}) {
  return (
    <Confirm
      title={`Remove ${what}?`}
      onClose={onClose}
      submit="Remove"
      run={async () => {
        await factors.remove(id)
        await onDone()
      }}
    >
      <p className="small">
        You can no longer sign in with it. Removing the last one also removes your recovery codes.
      </p>
    </Confirm>
  )
}

function RenameDialog({
  of: { id, name: from },
  onClose,
  onDone,
}: {
  readonly of: Passkey
  readonly onClose: () => void
  readonly onDone: () => Promise<void>
}) {
  const [name, setName] = useState(from)
  const wanted = name.trim()
  return (
    <FormDialog
      title={`Rename passkey “${from}”`}
      onClose={onClose}
      submit="Rename"
      isReady={wanted !== ''}
      run={async () => {
        await factors.rename(id, wanted)
        toast(`Passkey renamed to ${wanted}`)
        await onDone()
      }}
    >
      <Field
        label="Name"
        value={name}
        onValue={setName}
        maxLength={64}
        hint="Only shown here. Your device may show another name."
        autoFocus
        required
      />
    </FormDialog>
  )
}

function Lines({ data, does }: { readonly data: Factors; readonly does: ForFactors }) {
  const { passkeys, authenticator, recovery_codes_left: left } = data
  return (
    <ul className="lines">
      {passkeys.map((one) => (
        <Line key={one.id} icon={<Fingerprint size={16} aria-hidden />} used={one.last_used_at}>
          <span className="grow break">{one.name}</span>
          <Button small aria-label={`Rename ${one.name}`} onPress={() => does.rename(one)}>
            Rename
          </Button>
          <Button small aria-label={`Remove ${one.name}`} onPress={() => does.remove(one.id, `passkey “${one.name}”`)}>
            Remove
          </Button>
        </Line>
      ))}
      <Line icon={<Fingerprint size={16} aria-hidden />}>
        <span className="grow wraps muted">
          {canUsePasskeys()
            ? 'Passkeys sign you in without a password'
            : 'Passkeys need HTTPS and a domain name (or localhost)'}
        </span>
        <Button small isDisabled={!canUsePasskeys()} onPress={does.addPasskey}>
          Add passkey
        </Button>
      </Line>
      <AppLine of={authenticator} does={does} />
      {passkeys.length > 0 || authenticator !== null ? (
        <Line icon={<LifeBuoy size={16} aria-hidden />}>
          <span className="grow">
            Recovery codes <span className={left < 3 ? 'tag warn' : 'tag'}>{left} left</span>
          </span>
          <Button small onPress={does.replaceCodes}>
            Generate new codes
          </Button>
        </Line>
      ) : null}
      <SsoLine data={data} />
    </ul>
  )
}

function AppLine({ of: app, does }: { readonly of: Factors['authenticator']; readonly does: ForFactors }) {
  if (app === null) {
    return (
      <Line icon={<Smartphone size={16} aria-hidden />}>
        <span className="grow muted">Authenticator app</span>
        <Button small aria-label="Set up an authenticator app" onPress={does.addApp}>
          Set up
        </Button>
      </Line>
    )
  }
  return (
    <Line icon={<Smartphone size={16} aria-hidden />} used={app.last_used_at}>
      <span className="grow">Authenticator app</span>
      <Button small aria-label="Remove authenticator app" onPress={() => does.remove(app.id, 'authenticator app')}>
        Remove
      </Button>
    </Line>
  )
}

/** Where the account has a provider. */
function SsoLine({ data }: { readonly data: Factors }) {
  const { account } = useSession()
  const ways = useAnswer(['ways-in', account.name], () => accountProvider.waysIn(account.name))
  const provider = ways.data?.provider
  const [linked] = data.sso
  if (linked === undefined && (provider === undefined || provider === null)) return null
  const connect = () => attempt(async () => location.assign((await accountProvider.link('/portal/settings')).url))
  return (
    <Line icon={<Building2 size={16} aria-hidden />} used={linked?.last_used_at ?? null}>
      <span className="grow break">{provider?.label ?? linked?.issuer}</span>
      {linked === undefined ? (
        <Button small onPress={() => void connect()}>
          Connect
        </Button>
      ) : (
        <span className="tag ok">Connected</span>
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
    <li className="centred">
      {icon}
      {children}
      {used === null ? null : (
        <span className="end hide-narrow">
          last used <Ago time={used} />
        </span>
      )}
    </li>
  )
}
