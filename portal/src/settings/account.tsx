/** The settings of the account: machines, its key and the replacing of it, and what the server allows. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Cpu, Gauge, KeySquare, Network, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'
import type { AccountInfo, AccountKey } from '../../../src/client/index.ts'
import { act, Cancelled, read, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { sizeText } from '../secrets/content.ts'
import { useSecrets } from '../secrets/queries.ts'
import { Button, Switch, TextArea } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Progress } from '../ui/progress.tsx'
import { Loading, Note, Trouble } from '../ui/states.tsx'
import { dayOf } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { wordsOf } from '../ui/words.ts'

export function AccountSettings() {
  const { data, error, refetch } = useQuery({
    queryKey: ['account'],
    queryFn: ({ signal }) => read(() => strongroom.account.get({ signal })),
  })
  if (error !== null) return <Trouble error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading />
  return (
    <>
      <section className="card card-pad" aria-label="The account">
        <dl className="facts">
          <dt>Account</dt>
          <dd>{data.name}</dd>
          <dt>Id</dt>
          <dd className="mono">{data.id}</dd>
          <dt>Since</dt>
          <dd>{dayOf(data.created_at)}</dd>
        </dl>
      </section>
      <NetworksCard />
      <MachinesCard />
      <KeyCard account={data} />
      <LimitsCard limits={data.limits} />
    </>
  )
}

function NetworksCard() {
  const cache = useQueryClient()
  const { data } = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => read(() => strongroom.settings.get({ signal })),
  })
  const [text, setText] = useState<string>()
  const [fault, setFault] = useState<string>()
  if (data === undefined) return null
  const saved = data.networks.join('\n')
  const save = async () => {
    setFault(undefined)
    try {
      const settings = await act(() => strongroom.settings.update({ networks: wordsOf(text ?? '') }))
      cache.setQueryData(['settings'], settings)
      setText(undefined)
      toast(settings.networks.length > 0 ? 'Allowed networks saved' : 'Access is allowed from any network')
    } catch (failure) {
      if (!(failure instanceof Cancelled)) setFault(sentenceOf(failure))
    }
  }
  return (
    <section className="card" aria-labelledby="networks-title">
      <div className="card-head">
        <h2 id="networks-title" className="row">
          <Network size={16} aria-hidden /> Allowed networks
        </h2>
      </div>
      <div className="card-pad stack">
        <TextArea
          label="Allowed networks (CIDR)"
          rows={3}
          value={text ?? saved}
          onValue={setText}
          fault={fault}
          placeholder="203.0.113.0/24"
          hint="API keys, sign-ins, seeds and machines of this account work only from these networks. Include the one you are on. Leave blank for any network."
          spellCheck={false}
        />
        <div>
          <Button onPress={() => void save()} isDisabled={text === undefined || text === saved}>
            Save
          </Button>
        </div>
      </div>
    </section>
  )
}

function MachinesCard() {
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => read(() => strongroom.settings.get({ signal })),
  })
  const [isBusy, setBusy] = useState(false)
  const change = async (isOn: boolean) => {
    setBusy(true)
    try {
      const settings = await act(() => strongroom.settings.update({ vm_auth: isOn }))
      cache.setQueryData(['settings'], settings)
      toast(isOn ? 'Machines may read by their addresses' : 'Machines are refused from now on')
    } catch (failure) {
      if (!(failure instanceof Cancelled)) toast(sentenceOf(failure), true)
    }
    setBusy(false)
  }
  return (
    <section className="card" aria-labelledby="machines-title">
      <div className="card-head">
        <h2 id="machines-title" className="row">
          <Cpu size={16} aria-hidden /> Machines
        </h2>
      </div>
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading lines={2} /> : null}
      {data === undefined ? null : (
        <div className="card-pad stack">
          <Switch isSelected={data.vm_auth} onChange={(isOn) => void change(isOn)} isDisabled={isBusy}>
            Registered machines may read without a key
          </Switch>
          <p className="hint">
            They are known by the address that they ask from. Turn it on only where every address in your networks is
            one that you hand out: whoever can take an address of a <Link href="/machines">registered machine</Link>{' '}
            reads what that machine may read.
          </p>
        </div>
      )}
    </section>
  )
}

function KeyCard({ account: { key } }: { readonly account: AccountInfo }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <section className="card" aria-labelledby="key-title">
      <div className="card-head">
        <h2 id="key-title" className="row">
          <KeySquare size={16} aria-hidden /> Key of the account
        </h2>
        <span className="hint">Version {key.version}</span>
      </div>
      <div className="card-pad stack">
        {key.rotating ? (
          <Note kind="warn">
            A rotation was begun and is not finished: {key.outdated.toLocaleString('en')} secrets are under an older
            key.
          </Note>
        ) : null}
        <p className="hint">
          Each secret has a key of its own, and this one wraps them all. Replace it once in a while, and when somebody
          who could read the server&rsquo;s memory or its backups has left. Values stay as they are, and everything
          works meanwhile.
        </p>
        <div>
          <Button onPress={() => setOpen(true)}>
            <RotateCcw size={14} aria-hidden />
            {key.rotating ? 'Finish the rotation' : 'Rotate the key'}
          </Button>
        </div>
      </div>
      {isOpen ? <RotateDialog from={key} onClose={() => setOpen(false)} /> : null}
    </section>
  )
}

function RotateDialog({ from, onClose }: { readonly from: AccountKey; readonly onClose: () => void }) {
  const cache = useQueryClient()
  const { data: secrets } = useSecrets()
  const [now, setNow] = useState<AccountKey>()
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const total = Math.max(from.outdated, secrets?.length ?? 0, now?.outdated ?? 0)
  const isDone = now !== undefined && !now.rotating
  const rotate = async () => {
    setBusy(true)
    setTrouble(undefined)
    try {
      const done = await act(() => strongroom.account.rotateKey(setNow))
      toast(`Version ${done.version} wraps all secrets now`)
    } catch (error) {
      if (!(error instanceof Cancelled))
        setTrouble(`${sentenceOf(error)} What was done stays done: rotate again to go on.`)
    }
    setBusy(false)
    await cache.invalidateQueries({ queryKey: ['account'] })
  }
  return (
    <Dialog title="Rotate the key of the account" isOpen onClose={onClose} isFirm={isBusy}>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      {isDone ? (
        <Note kind="ok">
          Version {now.version} wraps the keys of all secrets. The one before is destroyed; backups from before still
          need it, and hold it.
        </Note>
      ) : isBusy || now !== undefined ? (
        <Progress done={now === undefined ? 0 : total - now.outdated} total={total} label="Secrets under the new key" />
      ) : (
        <p className="small">
          A new key takes the place of version {from.version}
          {from.rotating ? ', as was begun' : ''}. It takes some seconds for thousands of secrets. If it is broken off,
          it goes on where it was.
        </p>
      )}
      <div className="actions">
        <Button onPress={onClose} isDisabled={isBusy}>
          {isDone ? 'Close' : 'Cancel'}
        </Button>
        {isDone ? null : (
          <Button look="primary" onPress={() => void rotate()} isDisabled={isBusy}>
            {isBusy ? 'Rotating…' : from.rotating || now !== undefined ? 'Go on' : 'Rotate'}
          </Button>
        )}
      </div>
    </Dialog>
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
    <section className="card" aria-labelledby="limits-title">
      <div className="card-head">
        <h2 id="limits-title" className="row">
          <Gauge size={16} aria-hidden /> Limits
        </h2>
        <span className="hint">Set where the server runs</span>
      </div>
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
    </section>
  )
}
