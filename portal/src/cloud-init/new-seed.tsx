/** Creating a seed from the template: for which machine, for how long. Its URL is shown once. */
import { Sprout } from 'lucide-react'
import { useState } from 'react'
import { type IssuedSeed, strongroom } from '../api/client.ts'
import { Button, Checkbox, Field, Select, TextArea } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { FormDialog } from '../ui/form.tsx'
import { OnceDialog } from '../ui/once.tsx'
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
  const { dialog, open } = useDialog()
  const onIssued = (seed: IssuedSeed) => open((close) => <IssuedDialog of={seed} onClose={close} />)
  return (
    <>
      <Button
        onPress={() => open((close) => <SeedDialog template={template} onClose={close} onIssued={onIssued} />)}
        look="primary"
        data-new
      >
        <Sprout size={14} aria-hidden />
        New seed
      </Button>
      {dialog}
    </>
  )
}

/** What a machine may fetch beside its user-data. */
interface Documents {
  readonly meta_data: string
  readonly vendor_data: string
  readonly network_config: string
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
  const [isChecked, setIsChecked] = useState(true)
  const [documents, setDocuments] = useState<Documents>({ meta_data: '', vendor_data: '', network_config: '' })
  const times = Number(fetches)
  const create = async () => {
    const given = Object.entries(documents).filter(([, text]) => text !== '')
    onIssued(
      await strongroom.seeds.create({
        user_data: template,
        target: target.trim(),
        expires_in: Number(life),
        max_fetches: times,
        check: isChecked,
        ...Object.fromEntries(given),
      }),
    )
    await refresh()
  }
  return (
    <FormDialog
      title="New seed"
      isWide
      onClose={onClose}
      submit="Create seed"
      isReady={target.trim() !== '' && Number.isInteger(times) && times >= 1 && times <= 100}
      run={create}
    >
      <p className="small muted">
        The machine gets the values current when it fetches them, and appears in Deployments.
      </p>
      <Field
        label="Machine"
        value={target}
        onValue={setTarget}
        placeholder="web-1"
        maxLength={128}
        hint="Its name in Deployments."
        autoFocus
        required
      />
      <Select label="Expires in" value={life} choices={lives} onChoose={setLife} />
      <Field
        label="Maximum fetches"
        type="number"
        min={1}
        max={100}
        value={fetches}
        onValue={setFetches}
        hint="1 is enough for a machine that boots once."
      />
      <div>
        <Checkbox isSelected={isChecked} onChange={setIsChecked}>
          Check that it renders now
        </Checkbox>
        <p className="hint">
          Reads the secrets it refers to, as you. Turn it off if some of them won’t exist until the machine boots.
        </p>
      </div>
      <OtherDocuments documents={documents} onChange={setDocuments} />
    </FormDialog>
  )
}

function OtherDocuments({
  documents,
  onChange,
}: {
  readonly documents: Documents
  readonly onChange: (documents: Documents) => void
}) {
  const field = (name: keyof Documents) => ({
    rows: 3,
    value: documents[name],
    onValue: (text: string) => onChange({ ...documents, [name]: text }),
    spellCheck: false,
  })
  return (
    <details className="more">
      <summary>Other documents</summary>
      <div className="stack">
        <TextArea
          label="Meta-data"
          {...field('meta_data')}
          hint="Leave blank to derive instance-id and local-hostname from the machine’s name."
        />
        <TextArea label="Vendor-data" {...field('vendor_data')} />
        <TextArea label="Network configuration" {...field('network_config')} />
      </div>
    </details>
  )
}

function IssuedDialog({ of: seed, onClose }: { readonly of: IssuedSeed; readonly onClose: () => void }) {
  return (
    <OnceDialog title="Seed URL" isWide close="Done" onClose={onClose}>
      <Note kind="warn">
        Copy it now: you won’t see it again. Anyone with it can fetch the values until it’s used or expires,{' '}
        {exactTime(seed.expires_at)}. Boot {seed.target} soon.
      </Note>
      <CopyOnce label="URL" text={seed.url} what="The URL" />
      <CopyOnce
        label="Kernel command line or SMBIOS serial number"
        text={`ds=nocloud;s=${seed.url}`}
        what="The line"
        hint="For cloud-init before 23.3, such as in Debian 12, use ds=nocloud-net."
      />
    </OnceDialog>
  )
}
