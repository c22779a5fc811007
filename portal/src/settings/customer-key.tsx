/** The provider that the account keeps its key with: which, whether it opens, and for owners to set, change and remove it. */
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { codeOf } from '../api/ask.ts'
import { type CustomerKey, strongroom } from '../api/client.ts'
import { useAnswer, useRefresh } from '../api/queries.ts'
import { useSession } from '../api/session.ts'
import { Card } from '../ui/card.tsx'
import { Button, Field, Select } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { Loaded, Note } from '../ui/states.tsx'
import { exactTime } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'

const customerKey = ['customer-key']

export function CustomerKeyCard() {
  const known = useAnswer(customerKey, currentKey)
  return (
    <Loaded of={known} lines={2}>
      {(current) => <CurrentKey current={current} />}
    </Loaded>
  )
}

/** `null` where there is none. */
async function currentKey(): Promise<CustomerKey | null> {
  try {
    return await strongroom.account.customerKey()
  } catch (error) {
    if (codeOf(error) === 'not_found') return null
    throw error
  }
}

const reasons: Readonly<Record<string, string>> = {
  denied: 'The provider denies access: the key is disabled or deleted, or the credentials are no longer allowed.',
  away: 'The provider can’t be reached.',
  wrong: 'The provider didn’t return the data that was encrypted. Don’t use it until you know why.',
}

function CurrentKey({ current }: { readonly current: CustomerKey | null }) {
  const isOwner = useSession().user.role === 'owner'
  const { dialog, open } = useDialog()
  return (
    <Card title="Customer-managed key" icon={KeyRound} isPadded>
      {current?.open === false ? (
        <Note kind="bad">
          {current.closed_at === null
            ? 'Values aren’t available.'
            : `Values haven’t been available since ${exactTime(current.closed_at)}.`}{' '}
          {reasons[current.closed_for ?? ''] ?? ''}
        </Note>
      ) : null}
      {current === null ? null : (
        <Facts
          of={[
            ['Provider', <code key="provider">{current.provider}</code>],
            ['Access', current.open ? 'Available' : 'Not available'],
            ['Set', exactTime(current.created_at)],
          ]}
        />
      )}
      <p className="hint">
        {current === null
          ? 'Protect the account key with a key in your own OpenBao, Vault or AWS KMS. Disable it there, and this account’s values can’t be read within a minute.'
          : 'Disable the key at your provider, and this account’s values can’t be read within a minute. If you lose the key, you lose the values.'}
      </p>
      {isOwner ? (
        <div className="row">
          <Button onPress={() => open((close) => <CustomerKeyDialog current={current} onClose={close} />)}>
            {current === null ? 'Set up' : 'Change'}
          </Button>
          {current === null ? null : (
            <Button onPress={() => open((close) => <RemoveDialog onClose={close} />)}>Remove</Button>
          )}
        </div>
      ) : (
        <p className="hint">Only owners can change this.</p>
      )}
      {dialog}
    </Card>
  )
}

const ways = [
  { id: 'token', label: 'OpenBao or Vault, with a token' },
  { id: 'approle', label: 'OpenBao or Vault, with an AppRole' },
  { id: 'aws', label: 'AWS KMS' },
] as const
type Way = (typeof ways)[number]['id']

/** What is asked for, by the names that the API has for it. */
const fieldsOf = {
  token: [['token', 'Token']],
  approle: [
    ['role_id', 'Role ID'],
    ['secret_id', 'Secret ID'],
  ],
  aws: [
    ['access_key_id', 'Access key ID'],
    ['secret_access_key', 'Secret access key'],
  ],
} as const

function CustomerKeyDialog({
  current,
  onClose,
}: {
  readonly current: CustomerKey | null
  readonly onClose: () => void
}) {
  const refresh = useRefresh(customerKey)
  const [provider, setProvider] = useState(current?.provider ?? '')
  const [way, setWay] = useState<Way>(current?.provider.startsWith('awskms:') ? 'aws' : 'token')
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({})
  const fields = fieldsOf[way]
  const parts = fields.map(([name]) => [name, given[name] ?? ''] as const)
  const isNew = provider.trim() !== current?.provider
  const isBlank = parts.every(([, value]) => value === '')
  const isWhole = parts.every(([, value]) => value !== '')
  return (
    <FormDialog
      title="Customer-managed key"
      isWide
      onClose={onClose}
      submit="Save"
      isReady={provider.trim() !== '' && (isWhole || (isBlank && !isNew))}
      run={async () => {
        const credentials = isBlank ? {} : { credentials: Object.fromEntries(parts) }
        await strongroom.account.setCustomerKey({ provider: provider.trim(), ...credentials })
        toast('Customer-managed key saved')
        await refresh()
      }}
    >
      <Select<Way> label="Kind" value={way} choices={ways} onChoose={setWay} />
      <Field
        label="Provider"
        value={provider}
        onValue={setProvider}
        placeholder={
          way === 'aws'
            ? 'awskms:alias/strongroom?region=eu-central-1'
            : 'transit:https://bao.example.com/transit/strongroom'
        }
        hint={way === 'aws' ? 'The key’s ID, alias or ARN, and its region.' : 'The server, the mount and the key.'}
        spellCheck={false}
        required
        autoFocus
      />
      {fields.map(([name, label]) => (
        <Field
          key={name}
          label={label}
          type="password"
          autoComplete="off"
          value={given[name] ?? ''}
          onValue={(value) => setGiven((before) => ({ ...before, [name]: value }))}
          hint={isNew ? 'Stored encrypted. You won’t see it again.' : 'Leave blank to keep the current one.'}
          required={isNew}
        />
      ))}
      <p className="small">
        Strongroom checks that the key encrypts and decrypts. Backups made before this don’t need the key.
      </p>
    </FormDialog>
  )
}

function RemoveDialog({ onClose }: { readonly onClose: () => void }) {
  const refresh = useRefresh(customerKey)
  return (
    <Confirm
      title="Remove customer-managed key?"
      onClose={onClose}
      submit="Remove"
      run={async () => {
        await strongroom.account.removeCustomerKey()
        toast('Customer-managed key removed')
        await refresh()
      }}
    >
      <p className="small">
        The server then reads this account’s values without your provider. The key there isn’t changed.
      </p>
    </Confirm>
  )
}
