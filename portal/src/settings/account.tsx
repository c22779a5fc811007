/** The settings of the account: machines, its key and the replacing of it, and what the server allows. */
import { Cpu, Gauge, KeySquare, Network, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import { type AccountInfo, type Settings, strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { attempt, useAttempt } from '../ui/attempt.ts'
import { Card } from '../ui/card.tsx'
import { Button, Switch, TextArea } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Facts } from '../ui/facts.tsx'
import { Loaded, Note } from '../ui/states.tsx'
import { dayOf } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { sizeText, wordsOf } from '../ui/words.ts'
import { accountKey, useAccountSettings, useChangeSettings } from './queries.ts'
import { RotateDialog } from './rotate-key.tsx'

export function AccountSettings() {
  const account = useAnswer(accountKey, (options) => strongroom.account.get(options))
  const settings = useAccountSettings()
  return (
    <Loaded of={account}>
      {(data) => (
        <>
          <Card label="The account" isPadded>
            <Facts
              of={[
                ['Account', data.name],
                [
                  'ID',
                  <span key="id" className="mono">
                    {data.id}
                  </span>,
                ],
                ['Since', dayOf(data.created_at)],
              ]}
            />
          </Card>
          <Loaded of={settings} lines={2}>
            {(known) => (
              <>
                <NetworksCard settings={known} />
                <MachinesCard settings={known} />
              </>
            )}
          </Loaded>
          <KeyCard account={data} />
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
  const saveText = async () => {
    const now = await change({ networks: wordsOf(text ?? '') })
    setText(undefined)
    toast(now.networks.length > 0 ? 'Allowed networks saved' : 'Access is allowed from any network')
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
        hint="API keys, sign-ins, seeds and machines of this account work only from these networks. Include the one you are on. Leave blank for any network."
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
      toast(on ? 'Machines may read by their addresses' : 'Machines are refused from now on')
    })
    setBusy(false)
  }
  return (
    <Card title="Machines" icon={Cpu} isPadded>
      <Switch isSelected={isOn} onChange={(on) => void turn(on)} isDisabled={isBusy}>
        Registered machines may read without a key
      </Switch>
      <p className="hint">
        They are known by the address that they ask from. Turn it on only where every address in your networks is one
        that you hand out: whoever can take an address of a <Link href="/machines">registered machine</Link> reads what
        that machine may read.
      </p>
    </Card>
  )
}

function KeyCard({ account: { key } }: { readonly account: AccountInfo }) {
  const { dialog, open } = useDialog()
  return (
    <Card
      title="Key of the account"
      icon={KeySquare}
      end={<span className="hint">Version {key.version}</span>}
      isPadded
    >
      {key.rotating ? (
        <Note kind="warn">
          A rotation was begun and is not finished: {key.outdated.toLocaleString('en')} secrets are under an older key.
        </Note>
      ) : null}
      <p className="hint">
        Each secret has a key of its own, and this one wraps them all. Replace it once in a while, and when somebody who
        could read the server&rsquo;s memory or its backups has left. Values stay as they are, and everything works
        meanwhile.
      </p>
      <div>
        <Button onPress={() => open((close) => <RotateDialog from={key} onClose={close} />)}>
          <RotateCcw size={14} aria-hidden />
          {key.rotating ? 'Finish the rotation' : 'Rotate the key'}
        </Button>
      </div>
      {dialog}
    </Card>
  )
}

function LimitsCard({ limits }: { readonly limits: AccountInfo['limits'] }) {
  const rate = limits.requests_per_second
  const rows: readonly (readonly [what: string, value: string, setting: string])[] = [
    ['Versions of a secret that are kept', String(limits.keep_versions), 'STRONGROOM_KEEP_VERSIONS'],
    ['Longest value', sizeText(limits.max_value_bytes), 'STRONGROOM_MAX_VALUE_BYTES'],
    ['Largest file', sizeText(limits.max_file_bytes), 'STRONGROOM_MAX_FILE_BYTES'],
    [
      'Requests per second of one key, and of one address',
      rate === null ? 'no limit' : rate.toLocaleString('en'),
      'STRONGROOM_RATE_LIMIT',
    ],
  ]
  return (
    <Card title="Limits" icon={Gauge} end={<span className="hint">Set where the server runs</span>}>
      <ul className="lines">
        {rows.map(([what, value, setting]) => (
          <li key={setting}>
            <span className="grow">
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
