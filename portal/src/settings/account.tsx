/** The settings of the account: machines, its key and the replacing of it, and what the server allows. */
import { Cpu, Gauge, History, KeySquare, Network, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { type AccountInfo, type Settings, strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { attempt, useAttempt } from '../ui/attempt.ts'
import { Card } from '../ui/card.tsx'
import { Button, Select, Switch, TextArea } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Confirm } from '../ui/form.tsx'
import { Loaded, Note } from '../ui/states.tsx'
import { dayOf } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { useUnsaved } from '../ui/unsaved.ts'
import { counted, sizeText, wordsOf } from '../ui/words.ts'
import { CustomerKeyCard } from './customer-key.tsx'
import { accountKey, useAccountSettings, useChangeSettings } from './queries.ts'
import { RotateDialog } from './rotate-key.tsx'

export function AccountSettings() {
  const account = useAnswer(accountKey, (options) => strongroom.account.get(options))
  const settings = useAccountSettings()
  return (
    <Loaded of={account}>
      {(data) => (
        <>
          <Card label="Account" isPadded>
            <Facts
              of={[
                ['Account', data.name],
                [
                  'ID',
                  <span key="id" className="mono">
                    {data.id}
                  </span>,
                ],
                ['Created', dayOf(data.created_at)],
              ]}
            />
          </Card>
          <Loaded of={settings} lines={2}>
            {(known) => (
              <>
                <NetworksCard settings={known} />
                <MachinesCard settings={known} />
                <RecoveryCard settings={known} />
              </>
            )}
          </Loaded>
          <KeyCard account={data} />
          <CustomerKeyCard />
          <LimitsCard limits={data.limits} />
        </>
      )}
    </Loaded>
  )
}

function NetworksCard({ settings: { networks } }: { readonly settings: Settings }) {
  const change = useChangeSettings()
  const { attempt: save, trouble } = useAttempt()
  /** What is typed, if anything is. */
  const [text, setText] = useState<string>()
  const saved = networks.join('\n')
  useUnsaved(text !== undefined && text !== saved)
  const saveText = async () => {
    const now = await change({ networks: wordsOf(text ?? '') })
    setText(undefined)
    toast(now.networks.length > 0 ? 'Allowed networks saved' : 'Access allowed from any network')
  }
  return (
    <Card title="Allowed networks" icon={Network} isPadded>
      <TextArea
        label="Allowed networks (CIDR)"
        rows={3}
        value={text ?? saved}
        onValue={setText}
        fault={trouble}
        placeholder="203.0.113.0/24"
        hint="API keys, sign-ins, seeds and machines of this account only work from these networks. Include your own. Leave blank for any network."
        spellCheck={false}
      />
      <div>
        <Button onPress={() => void save(saveText)} isDisabled={text === undefined || text === saved}>
          Save
        </Button>
      </div>
    </Card>
  )
}

function MachinesCard({ settings: { vm_auth: isOn } }: { readonly settings: Settings }) {
  const change = useChangeSettings()
  const [isBusy, setBusy] = useState(false)
  const turn = async (on: boolean) => {
    setBusy(true)
    await attempt(async () => {
      await change({ vm_auth: on })
      toast(on ? 'Machines can now read without a key' : 'Machines can no longer read without a key')
    })
    setBusy(false)
  }
  return (
    <Card title="Machines" icon={Cpu} isPadded>
      <Switch isSelected={isOn} onChange={(on) => void turn(on)} isDisabled={isBusy}>
        Let registered machines read without a key
      </Switch>
      <p className="hint">
        Machines are identified by IP address. Turn this on only if you control all IP assignment in your networks:
        anyone who can take the address of a <Link href="/machines">registered machine</Link> can read its secrets.
      </p>
    </Card>
  )
}

const choices = [0, 1, 7, 14, 30, 60, 90].map((days) => ({
  id: String(days),
  label: days === 0 ? 'Don’t keep: deletion is permanent' : counted(days, 'day'),
}))

function RecoveryCard({ settings: { recovery_days: days } }: { readonly settings: Settings }) {
  const change = useChangeSettings()
  const [isBusy, setBusy] = useState(false)
  const { dialog, open } = useDialog()
  const save = async (wanted: number) => {
    const now = await change({ recovery_days: wanted })
    toast(
      now.recovery_days === 0
        ? 'Deletions are now permanent'
        : `Deletions are now kept for ${counted(now.recovery_days, 'day')}`,
    )
  }
  const choose = async (chosen: string) => {
    const wanted = Number(chosen)
    if (wanted < days) return open((close) => <KeepLessDialog onClose={close} run={() => save(wanted)} />)
    setBusy(true)
    await attempt(() => save(wanted))
    setBusy(false)
  }
  const id = String(days)
  const known = choices.some((one) => one.id === id) ? choices : [...choices, { id, label: counted(days, 'day') }]
  return (
    <Card title="Deleted items" icon={History} isPadded>
      <Select
        label="Keep deleted items for"
        value={id}
        onChoose={(chosen) => void choose(chosen)}
        choices={known}
        isDisabled={isBusy}
      />
      <p className="hint">
        Until then, restore them under <Link href="/deleted">Recently deleted</Link>. If you shorten it, older deletions
        are destroyed.
      </p>
      {dialog}
    </Card>
  )
}

function KeepLessDialog({ onClose, run }: { readonly onClose: () => void; readonly run: () => Promise<unknown> }) {
  return (
    <Confirm title="Keep deleted items for less time?" onClose={onClose} submit="Shorten" run={run}>
      <p className="small">Items deleted earlier than that are destroyed within a minute. Can’t be undone.</p>
    </Confirm>
  )
}

function KeyCard({ account: { key } }: { readonly account: AccountInfo }) {
  const { dialog, open } = useDialog()
  return (
    <Card title="Account key" icon={KeySquare} end={<span className="hint">Version {key.version}</span>} isPadded>
      {key.rotating ? (
        <Note kind="warn">
          Rotation isn’t finished: {counted(key.outdated, 'secret')} still {key.outdated === 1 ? 'uses' : 'use'} an
          older key.
        </Note>
      ) : null}
      <p className="hint">
        Wraps the keys of all secrets. Rotate it from time to time, and when somebody with access to the server or its
        backups leaves. Values don’t change, and everything keeps working.
      </p>
      <div>
        <Button onPress={() => open((close) => <RotateDialog from={key} onClose={close} />)}>
          <RotateCcw size={14} aria-hidden />
          {key.rotating ? 'Finish rotation' : 'Rotate account key'}
        </Button>
      </div>
      {dialog}
    </Card>
  )
}

function LimitsCard({ limits }: { readonly limits: AccountInfo['limits'] }) {
  const rate = limits.requests_per_second
  const rows: readonly (readonly [what: string, value: string, setting: string])[] = [
    ['Versions kept per secret', String(limits.keep_versions), 'STRONGROOM_KEEP_VERSIONS'],
    ['Max value size', sizeText(limits.max_value_bytes), 'STRONGROOM_MAX_VALUE_BYTES'],
    ['Max file size', sizeText(limits.max_file_bytes), 'STRONGROOM_MAX_FILE_BYTES'],
    [
      'Requests per second, per key and IP address',
      rate === null ? 'No limit' : rate.toLocaleString('en'),
      'STRONGROOM_RATE_LIMIT',
    ],
  ]
  return (
    <Card title="Limits" icon={Gauge} end={<span className="hint">Set in the server’s configuration</span>}>
      <ul className="lines">
        {rows.map(([what, value, setting]) => (
          <li key={setting}>
            <span className="grow wraps">
              {what}
              <code className="hint setting">{setting}</code>
            </span>
            <span className="end">{value}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
