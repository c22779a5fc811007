/** Several files at once, each a secret. */
import { X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useSearchParams } from 'wouter'
import type { Metadata } from '../../../src/client/index.ts'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { Button, Field, IconButton, Select } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { base64Of, nameFrom, sizeText, textOf } from './content.ts'
import { useLists, useRefresh } from './queries.ts'

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

export function ImportDialog({
  files,
  taken,
  onClose,
}: {
  readonly files: readonly File[]
  readonly taken: readonly Metadata[]
  readonly onClose: () => void
}) {
  return (
    <Dialog title="Import files" isOpen={files.length > 0} onClose={onClose} isWide>
      <ImportForm files={files} taken={taken} onClose={onClose} />
    </Dialog>
  )
}

function ImportForm({
  files,
  taken,
  onClose,
}: {
  readonly files: readonly File[]
  readonly taken: readonly Metadata[]
  readonly onClose: () => void
}) {
  const [query] = useSearchParams()
  const { data: lists = [] } = useLists()
  const refresh = useRefresh()
  /** `undefined` while they are read. */
  const [found, setFound] = useState<readonly Item[]>()
  const [unreadable, setUnreadable] = useState<readonly string[]>([])
  const [list, setList] = useState(query.get('list') ?? 'default')
  const [isBusy, setBusy] = useState(false)
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

  const items = found ?? []
  const change = (at: number, part: Partial<Item>) =>
    setFound(items.map((item, index) => (index === at ? { ...item, ...part } : item)))
  const submit = async () => {
    setBusy(true)
    const left: Item[] = []
    let made = 0
    for (const item of items) {
      const { file, name, type } = item
      try {
        const value = base64Of(new Uint8Array(await file.arrayBuffer()))
        // The default list is made with the first secret; asked for by its name, it would have to be there.
        const place = list === 'default' ? {} : { list }
        const input = { name, value, encoding: 'base64', type, ...place } as const
        await act(() => strongroom.secrets.create(type === 'file' ? { ...input, filename: file.name } : input))
        made++
      } catch (error) {
        if (error instanceof Cancelled) left.push(item)
        else left.push({ ...item, fault: sentenceOf(error) })
      }
    }
    await refresh()
    setBusy(false)
    if (made > 0) toast(`${made} ${made === 1 ? 'secret is' : 'secrets are'} created`)
    if (left.length === 0) onClose()
    else setFound(left)
  }
  const names = [...new Set(['default', list, ...lists.map((one) => one.name)])]
  const isTaken = (name: string) => taken.some((secret) => secret.name === name)
  return (
    <>
      <p className="muted small">
        Each file becomes a secret. Texts are kept as texts, everything else byte for byte as a file.
      </p>
      <ul className="import-list">
        {items.map(({ file, name, type, fault }, at) => (
          <li key={`${file.name} ${file.size} ${file.lastModified}`}>
            <Field
              label={`${file.name}, ${sizeText(file.size)}`}
              value={name}
              onValue={(text) => change(at, { name: text })}
              fault={fault ?? (isTaken(name) ? 'A secret of this name exists.' : undefined)}
              spellCheck={false}
            />
            <Select
              label="Kept as"
              isLabelHidden
              value={type}
              onChoose={(chosen) => change(at, { type: chosen })}
              choices={[
                { id: 'text', label: 'Text' },
                { id: 'file', label: 'File' },
              ]}
            />
            <IconButton
              label={`Leave out ${file.name}`}
              onPress={() => setFound(items.filter((_, index) => index !== at))}
            >
              <X size={14} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      {found === undefined ? <Note>Reading the files…</Note> : null}
      {unreadable.length === 0 ? null : (
        <Note kind="warn">
          {unreadable.join(', ')} cannot be read, and {unreadable.length === 1 ? 'is' : 'are'} left out. Of a folder,
          drop the files.
        </Note>
      )}
      <Select label="Into the list" value={list} onChoose={setList} choices={names.map((id) => ({ id, label: id }))} />
      <div className="actions">
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" onPress={() => void submit()} isDisabled={isBusy || items.length === 0}>
          {isBusy ? 'Importing…' : `Import ${items.length === 1 ? 'it' : `all ${items.length}`}`}
        </Button>
      </div>
    </>
  )
}
