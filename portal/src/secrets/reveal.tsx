/** A value behind an eye, with copying that does not show it. */
import { Braces, Copy, Download, Eye, EyeOff } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { type Metadata, strongroom } from '../api/client.ts'
import { Button } from '../ui/controls.tsx'
import { copy } from '../ui/copy.tsx'
import { download } from '../ui/download.ts'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { sizeText } from '../ui/words.ts'
import { bytesOf, textOf } from './content.ts'
import { DecoyNote } from './decoy.tsx'
import { useReveal } from './value.ts'

const readValue = async (id: number) => (await strongroom.secrets.get(id)).value
/** Of a template, the text that is kept. */
const readStored = async (id: number) => (await strongroom.secrets.get(id, { resolve: false })).value
const readVersion = async (id: number, version: number) => (await strongroom.secrets.version(id, version)).value

/** Copies the current value; says so, or why not. */
export const copyValue = ({ id, name }: Pick<Metadata, 'id' | 'name'>): Promise<void> =>
  copy(() => act(() => readValue(id)), `Value of ${name}`)

/** Hands a file to the browser's downloads; the current value, or that of a version. */
export async function downloadValue({ id, name, filename }: Metadata, version?: number): Promise<void> {
  const readIt = version === undefined ? () => readValue(id) : () => readVersion(id, version)
  try {
    download(bytesOf(await act(readIt)), filename ?? name)
  } catch (error) {
    if (!(error instanceof Cancelled)) toast(`Download failed: ${sentenceOf(error)}`, true)
  }
}

/** The current value of a secret: hidden, revealed, copied, downloaded. */
export function CurrentValue({ secret, isOpen = false }: { readonly secret: Metadata; readonly isOpen?: boolean }) {
  const form = useRef<'resolved' | 'stored'>('resolved')
  const { shown, reveal, hide } = useReveal(() => (form.current === 'stored' ? readStored : readValue)(secret.id))
  const show = (wanted: 'resolved' | 'stored') => {
    form.current = wanted
    void reveal()
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it opens
  useEffect(() => {
    if (isOpen) void reveal()
  }, [isOpen])
  // What is shown is of the version that is named beside it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is another value
  useEffect(() => hide, [secret.version, hide])
  const isFile = secret.type === 'file'
  return (
    <div className="stack-s">
      <DecoyNote secret={secret} />
      {shown.kind === 'shown' ? (
        <ShownValue value={shown.value} until={shown.until} isFile={isFile} />
      ) : (
        <div className="secret-text hidden-value">
          <span aria-hidden>••••••••••••••••</span>
          <span className="sr-only">The value is hidden.</span>
        </div>
      )}
      {shown.kind === 'failed' ? <Note kind="bad">{shown.message}</Note> : null}
      <div className="row">
        {shown.kind === 'shown' ? (
          <Button small onPress={hide}>
            <EyeOff size={14} aria-hidden />
            Hide
          </Button>
        ) : (
          <Button small onPress={() => show('resolved')} isDisabled={shown.kind === 'loading'}>
            <Eye size={14} aria-hidden />
            {shown.kind === 'loading' ? 'Reading…' : 'Reveal'}
          </Button>
        )}
        {secret.type === 'template' && shown.kind !== 'shown' ? (
          <Button small onPress={() => show('stored')} isDisabled={shown.kind === 'loading'}>
            <Braces size={14} aria-hidden />
            Show template
          </Button>
        ) : null}
        {isFile ? (
          <Button small onPress={() => void downloadValue(secret)}>
            <Download size={14} aria-hidden />
            Download
          </Button>
        ) : (
          <Button small onPress={() => void copyValue(secret)}>
            <Copy size={14} aria-hidden />
            Copy
          </Button>
        )}
        <span className="hint">
          {secret.type === 'template'
            ? 'Revealing or copying is logged, with every secret that goes in.'
            : 'Revealing or copying is logged.'}
        </span>
      </div>
    </div>
  )
}

function ShownValue({
  value,
  until,
  isFile,
}: {
  readonly value: string
  readonly until: number
  readonly isFile: boolean
}) {
  const left = useSecondsUntil(until)
  const bytes = isFile ? bytesOf(value) : undefined
  const text = bytes === undefined ? value : textOf(bytes)
  return (
    <div className="stack-s">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long value is scrolled by keys */}
      <pre className="secret-text" data-value tabIndex={0} role="region" aria-label="Revealed value">
        {text ?? `Not a text: ${sizeText(bytes?.length ?? 0)} of bytes. Download the file.`}
        {text === '' ? <span className="muted">The value is empty.</span> : null}
      </pre>
      <span className="hint">Hides in {left} s, or when you leave this window.</span>
    </div>
  )
}

function useSecondsUntil(until: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return Math.max(0, Math.ceil((until - now) / 1000))
}
