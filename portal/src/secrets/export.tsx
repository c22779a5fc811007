/** Copying and downloading what is selected as .env, JSON or YAML: a recorded read of each. */
import { Copy, Download } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { Button, Select } from '../ui/controls.tsx'
import { copyText } from '../ui/copy.tsx'
import { CancelButton, Dialog } from '../ui/dialog.tsx'
import { download } from '../ui/download.ts'
import { Progress } from '../ui/progress.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { counted } from '../ui/words.ts'
import { bytesOf } from './content.ts'
import type { ExportFormat } from './export-write.ts'
import { type Chosen, chosenOf, type Selecting, type Selection } from './selection.ts'

const formats: readonly { readonly id: ExportFormat; readonly label: string; readonly filename: string }[] = [
  { id: 'dotenv', label: '.env', filename: 'secrets.env' },
  { id: 'json', label: 'JSON', filename: 'secrets.json' },
  { id: 'yaml', label: 'YAML', filename: 'secrets.yaml' },
]
/** As many as one request reads. */
const groupSize = 500
/** More are for the command, which keeps none of them in memory for long. */
const maxExport = 10_000

export function ExportDialog({ selecting, onClose }: { readonly selecting: Selecting; readonly onClose: () => void }) {
  const { count, selection } = selecting
  const [format, setFormat] = useState<ExportFormat>('dotenv')
  const { run, done, trouble } = useExport(selection, format, count, onClose)
  const isTooMany = count > maxExport
  return (
    <Dialog title={`Export ${counted(count, 'secret')}`} isOpen onClose={onClose}>
      <div className="stack">
        {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
        {isTooMany ? (
          <Note kind="warn">
            Select up to {maxExport.toLocaleString('en')} secrets, or use <code>strongroom export</code>.
          </Note>
        ) : null}
        <Select label="Format" value={format} onChoose={setFormat} choices={formats} />
        <p className="small muted">
          Reads {count === 1 ? 'its value' : 'every value'}; each read is logged. Delete the file when you no longer
          need it.
        </p>
        {done === undefined ? null : <Progress done={done} total={count} label="Values read" />}
        <div className="actions">
          <CancelButton />
          <Button onPress={() => void run('copy')} isDisabled={done !== undefined || isTooMany}>
            <Copy size={14} aria-hidden />
            Copy
          </Button>
          <Button look="primary" onPress={() => void run('download')} isDisabled={done !== undefined || isTooMany}>
            <Download size={14} aria-hidden />
            Download
          </Button>
        </div>
      </div>
    </Dialog>
  )
}

/** Reads them and hands them on. No value is in a state or in the page. */
function useExport(selection: Selection, format: ExportFormat, count: number, onClose: () => void) {
  const [done, setDone] = useState<number>()
  const [trouble, setTrouble] = useState<string>()
  const stop = useRef(new AbortController())
  useEffect(() => {
    const controller = stop.current
    return () => controller.abort()
  }, [])
  const run = async (how: 'copy' | 'download') => {
    setTrouble(undefined)
    setDone(0)
    try {
      const text = readAll(selection, format, stop.current.signal, setDone)
      if (how === 'copy') await copyText(() => text, counted(count, 'secret'))
      else {
        download(await text, formats.find(({ id }) => id === format)?.filename ?? 'secrets.txt')
        toast(`${counted(count, 'secret')} exported`)
      }
      onClose()
    } catch (error) {
      setDone(undefined)
      if (!(error instanceof Cancelled)) setTrouble(sentenceOf(error))
    }
  }
  return { run, done, trouble }
}

async function readAll(
  selection: Selection,
  format: ExportFormat,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<string> {
  const chosen = await Array.fromAsync(chosenOf(selection, signal))
  const entries: { readonly name: string; readonly value: string | Uint8Array }[] = []
  for (let at = 0; at < chosen.length; at += groupSize) {
    entries.push(...(await readGroup(chosen.slice(at, at + groupSize), signal)))
    onProgress(entries.length)
  }
  const { written } = await import('./export-write.ts')
  signal.throwIfAborted()
  return written(entries, format)
}

async function readGroup(group: readonly Chosen[], signal: AbortSignal) {
  const { secrets, missing, unresolved } = await act(() =>
    strongroom.secrets.getManyById(
      group.map(({ id }) => id),
      { signal },
    ),
  )
  if (missing.length > 0) {
    const names = group.filter(({ id }) => missing.includes(id)).map(({ name }) => name)
    const some = names.slice(0, 5).join(', ')
    const more = names.length > 5 ? ` and ${names.length - 5} more` : ''
    throw new Error(`You can’t read ${some}${more}, or they are gone. Deselect them, then export again.`)
  }
  const [broken] = unresolved
  if (broken !== undefined) {
    const others = unresolved.length > 1 ? ` (and ${unresolved.length - 1} more)` : ''
    throw new Error(`${broken.name}${others} can’t be read: ${broken.detail} Deselect what can’t, then export again.`)
  }
  return secrets.map(({ name, value, encoding }) => ({ name, value: encoding === 'base64' ? bytesOf(value) : value }))
}
