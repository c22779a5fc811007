/** Importing secrets: from .env, JSON and YAML, pasted or in files, and files as they are. First it shows what would change. */
import { useState } from 'react'
import { useSearchParams } from 'wouter'
import { Button, Checkbox, Field, Select } from '../ui/controls.tsx'
import { CancelButton, Dialog, useStaying } from '../ui/dialog.tsx'
import { Progress } from '../ui/progress.tsx'
import { Loading, Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { counted, sizeText } from '../ui/words.ts'
import { type Fate, type Row, storeAll } from './import-plan.ts'
import { useLists, useRefreshSecrets } from './queries.ts'
import { type Importing, type Part, useImport } from './use-import.ts'

/** More are imported, and not shown. */
const shownRows = 300

interface ImportProps {
  readonly files: readonly File[]
  readonly onClose: () => void
}

export function ImportDialog({ files, onClose }: ImportProps) {
  // What is dropped while the dialog closes is read anew, and what is gone stays in sight until it has closed.
  const [shown, setShown] = useState({ files, at: 0 })
  if (files.length > 0 && files !== shown.files) setShown({ files, at: shown.at + 1 })
  return (
    <Dialog title="Import secrets" isOpen={files.length > 0} onClose={onClose} isWide>
      <ImportForm key={shown.at} files={shown.files} onClose={onClose} />
    </Dialog>
  )
}

function ImportForm({ files, onClose }: ImportProps) {
  const [query] = useSearchParams()
  const [list, setList] = useState(query.get('list') ?? 'default')
  const importing = useImport(files)
  const { rows, parts, fates, isChecking, trouble, isWiped, isChosen, check } = importing
  const { store, stored, why } = useStore(importing, list, onClose)
  useStaying(stored !== undefined)
  const chosen = (rows ?? []).filter(isChosen)
  if (isWiped) {
    return (
      <>
        <Note kind="warn">Your session ended, so the values were cleared. Add them again after you sign in.</Note>
        <div className="actions">
          <Button onPress={onClose}>Close</Button>
        </div>
      </>
    )
  }
  if (rows === undefined) return <Loading lines={4} label="Reading the files" />
  if (stored !== undefined) return <Progress done={stored} total={chosen.length} label="Secrets stored" />
  return (
    <>
      {parts.map((part, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two may have one name, and their order stays
        <PartHead key={`${at} ${part.file.name}`} of={part} onWhole={(isWhole) => importing.readAs(part, isWhole)} />
      ))}
      {trouble === undefined && why === undefined ? null : (
        <Note kind="bad">
          {why ?? trouble} <Button onPress={check}>Check again</Button>
        </Note>
      )}
      {rows.length === 0 ? null : (
        <p className="small" role="status">
          {isChecking ? 'Comparing with what is stored…' : `${amounts(rows, fates)}.`}
        </p>
      )}
      <ul className="import-list" aria-busy={isChecking}>
        {rows.slice(0, shownRows).map((row) => (
          <RowFields key={row.key} of={row} fate={fates.get(row.key)} importing={importing} />
        ))}
      </ul>
      {rows.length > shownRows ? <p className="hint">and {counted(rows.length - shownRows, 'more', 'more')}</p> : null}
      <ListChoice list={list} onChoose={setList} isNeeded={chosen.some(({ key }) => fates.get(key)?.state === 'new')} />
      <p className="hint">
        Values are compared on the server and never shown; each comparison is logged as a read.
        {chosen.length > 100
          ? ' Secrets are stored in groups of 100; each group is stored completely or not at all.'
          : ''}
      </p>
      <div className="actions">
        <CancelButton />
        <Button look="primary" onPress={() => void store(chosen)} isDisabled={isChecking || chosen.length === 0}>
          Import {counted(chosen.length, 'secret')}
        </Button>
      </div>
    </>
  )
}

/** Stores what is chosen; what could not be stored stays. */
function useStore({ values, fates, drop, check }: Importing, list: string, onClose: () => void) {
  const refresh = useRefreshSecrets()
  const [stored, setStored] = useState<number>()
  const [why, setWhy] = useState<string>()
  const store = async (chosen: readonly Row[]) => {
    setStored(0)
    setWhy(undefined)
    const done = await storeAll(chosen, values, fates, list, setStored)
    await refresh()
    setStored(undefined)
    if (done.stored.length > 0) toast(`${counted(done.stored.length, 'secret')} imported`)
    if (done.why === undefined) return onClose()
    drop(done.stored)
    setWhy(done.why)
    check()
  }
  return { store, stored, why }
}

/** A file, whether each name in it is a secret, and what is wrong with it. */
function PartHead({
  of: { file, isWhole, fault },
  onWhole,
}: {
  readonly of: Part
  readonly onWhole: (isWhole: boolean) => void
}) {
  return (
    <div className="import-part">
      <div className="spread">
        <strong className="break">
          {file.name} <span className="muted small">{sizeText(file.size)}</span>
        </strong>
        <Button small look="quiet" onPress={() => onWhole(!isWhole)}>
          {isWhole ? 'Import the names in it' : 'Import as one secret'}
        </Button>
      </div>
      {fault === undefined ? null : <Note kind="warn">{fault}</Note>}
    </div>
  )
}

const tags = {
  new: ['New', 'ok'],
  changed: ['Changed', 'warn'],
  same: ['Same', ''],
  unread: ['Exists', 'warn'],
  invalid: ['Invalid', 'bad'],
} as const

function RowFields({
  of: row,
  fate,
  importing: { parts, isChosen, choose, rename },
}: {
  readonly of: Row
  readonly fate: Fate | undefined
  readonly importing: Importing
}) {
  const isWhole = parts.some(({ file, isWhole: whole }) => whole && file.name === row.source)
  const [word, look] = fate === undefined ? ['', ''] : tags[fate.state]
  const why =
    fate?.state === 'invalid' ? fate.why : fate?.state === 'unread' ? 'You can replace it, but not read it.' : undefined
  return (
    <li>
      <Checkbox
        label={`Import ${row.name}`}
        isSelected={isChosen(row)}
        isDisabled={fate === undefined || fate.state === 'same' || fate.state === 'invalid'}
        onChange={(isOn) => choose(row, isOn)}
      />
      <div className="import-name">
        {isWhole ? (
          <Field
            label={`Name for ${row.source}`}
            value={row.name}
            onValue={(name) => rename(row, name)}
            fault={why}
            spellCheck={false}
          />
        ) : (
          <>
            <span className="break">{row.name}</span>
            {why === undefined ? null : <span className="fault">{why}</span>}
          </>
        )}
      </div>
      <span className={`tag ${look}`}>{word}</span>
    </li>
  )
}

/** Those that are there stay in theirs. */
function ListChoice({
  list,
  onChoose,
  isNeeded,
}: {
  readonly list: string
  readonly onChoose: (list: string) => void
  readonly isNeeded: boolean
}) {
  const { data: lists = [] } = useLists()
  if (!isNeeded) return null
  const places = [...new Set(['default', list, ...lists.map(({ name }) => name)])]
  return (
    <Select
      label="List for new secrets"
      value={list}
      onChoose={onChoose}
      choices={places.map((id) => ({ id, label: id }))}
    />
  )
}

function amounts(rows: readonly Row[], fates: ReadonlyMap<number, Fate>): string {
  const count = (state: Fate['state']) => rows.filter(({ key }) => fates.get(key)?.state === state).length
  const parts = (['new', 'changed', 'unread', 'same', 'invalid'] as const).flatMap((state) =>
    count(state) === 0 ? [] : [`${count(state).toLocaleString('en')} ${state === 'unread' ? 'to replace' : state}`],
  )
  return parts.join(', ')
}
