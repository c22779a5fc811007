/** Where a value is typed or dropped. The text is the field's own: no state, no attribute, no cache has it. */
import { Eye, EyeOff, File as FileIcon, X } from 'lucide-react'
import { type Ref, useEffect, useId, useImperativeHandle, useRef, useState } from 'react'
import { DropZone } from 'react-aria-components/DropZone'
import { FileTrigger } from 'react-aria-components/FileTrigger'
import { onWipe } from '../session/store.ts'
import { Button, IconButton, More } from '../ui/controls.tsx'
import { base64Of, sizeText, textOf } from './content.ts'

/** What was typed or chosen. */
export interface Given {
  readonly value: string
  readonly encoding: 'utf-8' | 'base64'
  /** Of a file that was chosen. */
  readonly filename?: string
  /** Whether it can be kept as a text. */
  readonly isText: boolean
}

export interface ValueHandle {
  /** Nothing when nothing was typed or chosen. */
  get(): Promise<Given | undefined>
  set(text: string): void
  clear(): void
}

export function ValueInput({
  ref,
  label,
  hint,
  fault,
  file: given,
  onFile,
  onEmpty,
}: {
  readonly ref: Ref<ValueHandle>
  readonly label: string
  readonly hint?: string
  readonly fault?: string | undefined
  readonly file?: File | undefined
  readonly onFile?: (file: File, isText: boolean) => void
  /** Nothing is left of the text: it was deleted, or a file took its place. */
  readonly onEmpty?: () => void
}) {
  const id = useId()
  const area = useRef<HTMLTextAreaElement>(null)
  const [isShown, setShown] = useState(false)
  const [file, setFile] = useState<File | undefined>(given)
  const [wasWiped, setWiped] = useState(false)

  const clear = () => {
    if (area.current !== null) area.current.value = ''
    setFile(undefined)
    setShown(false)
    onEmpty?.()
  }
  useImperativeHandle(ref, () => ({
    get: async () => {
      if (file !== undefined) {
        const bytes = new Uint8Array(await file.arrayBuffer())
        return {
          value: base64Of(bytes),
          encoding: 'base64',
          filename: file.name,
          isText: textOf(bytes) !== undefined,
        }
      }
      const value = area.current?.value ?? ''
      return value === '' ? undefined : { value, encoding: 'utf-8', isText: true }
    },
    set: (text) => {
      if (area.current !== null) area.current.value = text
    },
    clear,
  }))
  // biome-ignore lint/correctness/useExhaustiveDependencies: it only clears
  useEffect(
    () =>
      onWipe(() => {
        if (area.current?.value || file !== undefined) setWiped(true)
        clear()
      }),
    [file],
  )
  const choose = async (chosen: File | undefined) => {
    if (chosen === undefined) return
    setFile(chosen)
    onEmpty?.()
    onFile?.(chosen, textOf(new Uint8Array(await chosen.arrayBuffer())) !== undefined)
  }
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {file === undefined ? (
        <div className="value-input">
          <textarea
            id={id}
            ref={area}
            className={`input ${isShown ? '' : 'masked'}`}
            rows={isShown ? 8 : 3}
            autoComplete="off"
            autoCorrect="off"
            autoCapitalize="off"
            spellCheck={false}
            aria-invalid={fault !== undefined}
            aria-describedby={`${id}-more`}
            data-1p-ignore
            onInput={({ currentTarget }) => {
              setWiped(false)
              if (currentTarget.value === '') onEmpty?.()
            }}
          />
          <IconButton
            label={isShown ? 'Hide what is typed' : 'Show what is typed'}
            small
            onPress={() => setShown(!isShown)}
          >
            {isShown ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
          </IconButton>
        </div>
      ) : (
        <div className="dropzone">
          <FileIcon size={16} aria-hidden />
          <span className="break">
            {file.name}, {sizeText(file.size)}
          </span>
          <IconButton label="Take the file away" small onPress={() => setFile(undefined)}>
            <X size={14} aria-hidden />
          </IconButton>
        </div>
      )}
      <More
        id={`${id}-more`}
        hint={hint}
        fault={wasWiped ? 'The value was cleared when your session ended. Enter it again.' : fault}
      />
      {file === undefined ? (
        <DropZone
          className="dropzone"
          aria-label="Drop a file here"
          onDrop={async ({ items }) => {
            const [item] = items.filter((one) => one.kind === 'file')
            if (item !== undefined) await choose(await item.getFile())
          }}
        >
          <span>Drop a file here, or</span>
          <FileTrigger onSelect={(chosen) => void choose(chosen?.[0])}>
            <Button small>Choose a file</Button>
          </FileTrigger>
        </DropZone>
      ) : null}
    </div>
  )
}
