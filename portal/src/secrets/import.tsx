/** Several files at once, each a secret. */
import { X } from 'lucide-react'
import { type Dispatch, type SetStateAction, useEffect, useState } from 'react'
import { useSearchParams } from 'wouter'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { type NewSecret, strongroom } from '../api/client.ts'
import { Button, Field, IconButton, Select } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { sizeText } from '../ui/words.ts'
import { base64Of, nameFrom, textOf } from './content.ts'
import { useNames } from './names.ts'
import { useLists, useRefreshSecrets } from './queries.ts'

interface Item {
  readonly file: File
  readonly name: string
  readonly type: 'text' | 'file'
  readonly fault?: string
}

/** @returns `undefined` for what cannot be read, such as a folder */
async function itemOf(file: File): Promise<Item | undefined> {
  try {
    const isText = textOf(new Uint8Array(await file.arrayBuffer())) !== undefined
    return { file, name: nameFrom(file.name), type: isText ? 'text' : 'file' }
  } catch {
    return undefined
  }
}

interface ImportProps {
  readonly files: readonly File[]
  readonly onClose: () => void
}

export function ImportDialog(props: ImportProps) {
  return (
    <Dialog title="Import files" isOpen={props.files.length > 0} onClose={props.onClose} isWide>
      <ImportForm {...props} />
    </Dialog>
  )
}

function ImportForm({ files, onClose }: ImportProps) {
  const [query] = useSearchParams()
  const { data: lists = [] } = useLists()
  const { found, setFound, unreadable } = useRead(files)
  const [list, setList] = useState(query.get('list') ?? 'default')
  const refresh = useRefreshSecrets()
  const [isBusy, setBusy] = useState(false)
  const items = found ?? []
  const names = useNames(items.map(({ name }) => name))
  const submit = async () => {
    setBusy(true)
    const left = await createAll(items, list)
    const made = items.length - left.length
    await refresh()
    setBusy(false)
    if (made > 0) toast(`${made} ${made === 1 ? 'secret is' : 'secrets are'} created`)
    if (left.length === 0) onClose()
    else setFound(left)
  }
  const places = [...new Set(['default', list, ...lists.map((one) => one.name)])]
  return (
    <>
      <p className="muted small">
        Each file becomes a secret. Texts are kept as texts, everything else byte for byte as a file.
      </p>
      <ul className="import-list">
        {items.map((item, at) => (
          <ItemFields
            key={`${item.file.name} ${item.file.size} ${item.file.lastModified}`}
            of={item}
            isTaken={names.isThere(item.name) === true}
            onChange={(part) => setFound(items.map((one, index) => (index === at ? { ...one, ...part } : one)))}
            onLeaveOut={() => setFound(items.filter((_, index) => index !== at))}
          />
        ))}
      </ul>
      {found === undefined ? <Note>Reading the files…</Note> : null}
      {unreadable.length === 0 ? null : (
        <Note kind="warn">
          {unreadable.join(', ')} cannot be read, and {unreadable.length === 1 ? 'is' : 'are'} left out. Of a folder,
          drop the files.
        </Note>
      )}
      <Select label="Into the list" value={list} onChoose={setList} choices={places.map((id) => ({ id, label: id }))} />
      <div className="actions">
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" onPress={() => void submit()} isDisabled={isBusy || items.length === 0}>
          {isBusy ? 'Importing…' : `Import ${items.length === 1 ? 'it' : `all ${items.length}`}`}
        </Button>
      </div>
    </>
  )
}

/** What is in the files: `found` is nothing while they are read, `unreadable` the names of those that cannot be. */
function useRead(files: readonly File[]): {
  readonly found: readonly Item[] | undefined
  readonly setFound: Dispatch<SetStateAction<readonly Item[] | undefined>>
  readonly unreadable: readonly string[]
} {
  const [found, setFound] = useState<readonly Item[]>()
  const [unreadable, setUnreadable] = useState<readonly string[]>([])
  useEffect(() => {
    let isGone = false
    const look = async () => {
      const looked = await Promise.all(files.map(itemOf))
      if (isGone) return
      setFound(looked.filter((item) => item !== undefined))
      setUnreadable(files.filter((_, at) => looked[at] === undefined).map(({ name }) => name))
    }
    void look()
    return () => {
      isGone = true
    }
  }, [files])
  return { found, setFound, unreadable }
}

/** As many as are made in one transaction, and as much as one request may hold of them. */
const groupSize = 100
const groupBytes = 192 * 1024

function groupsOf(items: readonly Item[]): readonly (readonly Item[])[] {
  const groups: Item[][] = []
  let bytes = 0
  for (const item of items) {
    const last = groups.at(-1)
    bytes += item.file.size
    if (last === undefined || last.length === groupSize || bytes > groupBytes) {
      groups.push([item])
      bytes = item.file.size
    } else last.push(item)
  }
  return groups
}

/** @returns those that are left, with what was wrong with them */
async function createAll(items: readonly Item[], list: string): Promise<readonly Item[]> {
  const left: Item[] = []
  for (const group of groupsOf(items)) {
    if (group.length > 1 && (await areMadeTogether(group, list))) continue
    // Of a group that is refused, each by itself: so all are made but those at fault.
    for (const item of group) {
      try {
        const input = await inputOf(item, list)
        await act(() => strongroom.secrets.create(input))
      } catch (error) {
        left.push(error instanceof Cancelled ? item : { ...item, fault: sentenceOf(error) })
      }
    }
  }
  return left
}

/** In one request: all of them, or none. */
async function areMadeTogether(group: readonly Item[], list: string): Promise<boolean> {
  try {
    const inputs = await Promise.all(group.map((item) => inputOf(item, list)))
    await act(() => strongroom.secrets.createMany(inputs))
    return true
  } catch {
    return false
  }
}

async function inputOf({ file, name, type }: Item, list: string): Promise<NewSecret> {
  const value = base64Of(new Uint8Array(await file.arrayBuffer()))
  // The default list is made with the first secret; asked for by its name, it would have to be there.
  const place = list === 'default' ? {} : { list }
  const input = { name, value, encoding: 'base64', type, ...place } as const
  return type === 'file' ? { ...input, filename: file.name } : input
}

function ItemFields({
  of: { file, name, type, fault },
  isTaken,
  onChange,
  onLeaveOut,
}: {
  readonly of: Item
  /** Whether a secret has the name. */
  readonly isTaken: boolean
  readonly onChange: (part: Partial<Item>) => void
  readonly onLeaveOut: () => void
}) {
  return (
    <li>
      <Field
        label={`${file.name}, ${sizeText(file.size)}`}
        value={name}
        onValue={(text) => onChange({ name: text })}
        fault={fault ?? (isTaken ? 'A secret of this name exists.' : undefined)}
        spellCheck={false}
      />
      <Select
        label="Kept as"
        isLabelHidden
        value={type}
        onChoose={(chosen) => onChange({ type: chosen })}
        choices={[
          { id: 'text', label: 'Text' },
          { id: 'file', label: 'File' },
        ]}
      />
      <IconButton label={`Leave out ${file.name}`} onPress={onLeaveOut}>
        <X size={14} aria-hidden />
      </IconButton>
    </li>
  )
}
