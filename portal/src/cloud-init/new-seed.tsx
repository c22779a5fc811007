/** Making a seed of the template: for which machine, for how long. Its URL is shown once. */
import { Sprout } from 'lucide-react'
import { useState } from 'react'
import type { IssuedSeed } from '../../../src/client/index.ts'
import { strongroom } from '../api/client.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Field, Select, TextArea } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { exactTime } from '../ui/time.tsx'
import { useRefreshSeeds } from './seeds.tsx'

const lives = [
  { id: '600', label: '10 minutes' },
  { id: '3600', label: 'One hour' },
  { id: '21600', label: '6 hours' },
  { id: '86400', label: 'One day' },
  { id: '604800', label: '7 days' },
] as const
type Life = (typeof lives)[number]['id']

export function NewSeed({ template }: { readonly template: string }) {
  const [isOpen, setOpen] = useState(false)
  const [issued, setIssued] = useState<IssuedSeed>()
  return (
    <>
      <Button onPress={() => setOpen(true)} look="primary" data-new>
        <Sprout size={14} aria-hidden />
        Make a seed
      </Button>
      {isOpen ? <SeedDialog template={template} onClose={() => setOpen(false)} onIssued={setIssued} /> : null}
      <Dialog title="The seed's URL" isOpen={issued !== undefined} onClose={() => undefined} isFirm isWide>
        {issued === undefined ? null : <Issued seed={issued} onDone={() => setIssued(undefined)} />}
      </Dialog>
    </>
  )
}

function SeedDialog({
  template,
  onClose,
  onIssued,
}: {
  readonly template: string
  readonly onClose: () => void
  readonly onIssued: (seed: IssuedSeed) => void
}) {
  const refresh = useRefreshSeeds()
  const [target, setTarget] = useState('')
  const [life, setLife] = useState<Life>('3600')
  const [fetches, setFetches] = useState('1')
  const [meta, setMeta] = useState('')
  const [vendor, setVendor] = useState('')
  const [network, setNetwork] = useState('')
  const times = Number(fetches)
  return (
    <FormDialog
      title="Make a seed"
      isOpen
      isWide
      onClose={onClose}
      submit="Make the seed"
      isReady={target.trim() !== '' && Number.isInteger(times) && times >= 1 && times <= 100}
      run={async () => {
        const seed = await strongroom.seeds.create({
          user_data: template,
          target: target.trim(),
          expires_in: Number(life),
          max_fetches: times,
          ...(meta === '' ? {} : { meta_data: meta }),
          ...(vendor === '' ? {} : { vendor_data: vendor }),
          ...(network === '' ? {} : { network_config: network }),
        })
        onIssued(seed)
        await refresh()
      }}
    >
      <p className="small muted">
        Nothing is read now. The machine gets the values that are current when it fetches, and what it got is noted as
        its deployment.
      </p>
      <Field
        label="For the machine"
        value={target}
        onValue={setTarget}
        placeholder="web-1"
        maxLength={128}
        hint="Its name: who holds what is kept under it."
        autoFocus
        required
      />
      <Select label="Good for" value={life} choices={lives} onChoose={setLife} />
      <Field
        label="Times that user-data may be fetched"
        type="number"
        min={1}
        max={100}
        value={fetches}
        onValue={setFetches}
        hint="Once is enough for a machine that boots once."
      />
      <details className="more">
        <summary>Other documents</summary>
        <div className="stack">
          <TextArea
            label="Meta-data"
            rows={3}
            value={meta}
            onValue={setMeta}
            spellCheck={false}
            hint="Left empty, instance-id and local-hostname are made of the machine's name."
          />
          <TextArea label="Vendor-data" rows={3} value={vendor} onValue={setVendor} spellCheck={false} />
          <TextArea label="Network configuration" rows={3} value={network} onValue={setNetwork} spellCheck={false} />
        </div>
      </details>
    </FormDialog>
  )
}

function Issued({ seed, onDone }: { readonly seed: IssuedSeed; readonly onDone: () => void }) {
  return (
    <div className="stack">
      <Note kind="warn">
        It is shown this once, and leads to the values until it is used or ends, {exactTime(seed.expires_at)}. Start{' '}
        {seed.target} soon.
      </Note>
      <div className="stack-s">
        <span className="label">URL</span>
        <CopyOnce text={seed.url} what="The URL" />
      </div>
      <div className="stack-s">
        <span className="label">On the kernel's command line, or as the SMBIOS serial number</span>
        <CopyOnce text={`ds=nocloud;s=${seed.url}`} what="The line" />
        <p className="hint">With cloud-init before 23.3, such as that of Debian 12, write ds=nocloud-net.</p>
      </div>
      <div className="actions">
        <Button look="primary" onPress={onDone}>
          I have kept it
        </Button>
      </div>
    </div>
  )
}
