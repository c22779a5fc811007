/** Where a value is typed or dropped. The text is the field's own: no state, no attribute, no cache has it. */
import { Eye, EyeOff, File as FileIcon, X } from 'lucide-react'
import { type Ref, type RefObject, useEffect, useId, useImperativeHandle, useRef, useState } from 'react'
import { DropZone } from 'react-aria-components/DropZone'
import { FileTrigger } from 'react-aria-components/FileTrigger'
import { onWipe } from '../api/session.ts'
import { Button, IconButton, More } from '../ui/controls.tsx'
import { sizeText } from '../ui/words.ts'
import { base64Of, textOf } from './content.ts'
import { Generator } from './generator.tsx'

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
  fault,
  onFile,
  onEmpty,
}: {
  readonly ref: Ref<ValueHandle>
  readonly label: string
  readonly fault?: string | undefined
  readonly onFile?: (file: File, isText: boolean) => void
  /** Nothing is left of the text: it was deleted, or a file took its place. */
  readonly onEmpty?: () => void
}) {
  const id = useId()
  const area = useRef<HTMLTextAreaElement>(null)
  const [file, setFile] = useState<File>()
  const [isShown, setShown] = useState(false)
  const clear = () => {
    if (area.current !== null) area.current.value = ''
    setFile(undefined)
    setShown(false)
    onEmpty?.()
  }
  const { wasWiped, forgetWipe } = useWipe(area, file, clear)
  useImperativeHandle(ref, () => ({
    get: async () => {
      if (file !== undefined) return givenBy(file)
      const value = area.current?.value ?? ''
      return value === '' ? undefined : { value, encoding: 'utf-8', isText: true }
    },
    set: (text) => {
      if (area.current !== null) area.current.value = text
    },
    clear,
  }))
  const choose = async (chosen: File | undefined) => {
    if (chosen === undefined) return
    setFile(chosen)
    onEmpty?.()
    onFile?.(chosen, (await givenBy(chosen)).isText)
  }
  const onInput = (text: string) => {
    forgetWipe()
    if (text === '') onEmpty?.()
  }
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {file === undefined ? (
        <MaskedArea
          id={id}
          area={area}
          isShown={isShown}
          onShow={setShown}
          hasFault={fault !== undefined}
          onInput={onInput}
        />
      ) : (
        <ChosenFile file={file} onRemove={() => setFile(undefined)} />
      )}
      <More
        id={`${id}-more`}
        fault={wasWiped ? 'The value was cleared when your session ended. Enter it again.' : fault}
      />
      {file === undefined ? (
        <>
          <Generator
            onValue={(text) => {
              if (area.current !== null) area.current.value = text
              onInput(text)
            }}
          />
          <FileDrop onChoose={(chosen) => void choose(chosen)} />
        </>
      ) : null}
    </div>
  )
}

async function givenBy(file: File): Promise<Given> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  return { value: base64Of(bytes), encoding: 'base64', filename: file.name, isText: textOf(bytes) !== undefined }
}

/** Clears it when the session ends, and knows that there was something. */
function useWipe(area: RefObject<HTMLTextAreaElement | null>, file: File | undefined, clear: () => void) {
  const [wasWiped, setWiped] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: it only clears
  useEffect(
    () =>
      onWipe(() => {
        if (area.current?.value || file !== undefined) setWiped(true)
        clear()
      }),
    [file],
  )
  return { wasWiped, forgetWipe: () => setWiped(false) }
}

/** What is typed shows as dots until it is to be seen. */
function MaskedArea({
  id,
  area,
  isShown,
  onShow,
  hasFault,
  onInput,
}: {
  readonly id: string
  readonly area: RefObject<HTMLTextAreaElement | null>
  readonly isShown: boolean
  readonly onShow: (isShown: boolean) => void
  readonly hasFault: boolean
  readonly onInput: (text: string) => void
}) {
  return (
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
        aria-invalid={hasFault}
        aria-describedby={`${id}-more`}
        data-1p-ignore
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      <IconButton label={isShown ? 'Hide value' : 'Show value'} small onPress={() => onShow(!isShown)}>
        {isShown ? <EyeOff size={15} aria-hidden /> : <Eye size={15} aria-hidden />}
      </IconButton>
    </div>
  )
}

function ChosenFile({ file, onRemove }: { readonly file: File; readonly onRemove: () => void }) {
  return (
    <div className="dropzone">
      <FileIcon size={16} aria-hidden />
      <span className="break">
        {file.name}, {sizeText(file.size)}
      </span>
      <IconButton label="Remove file" small onPress={onRemove}>
        <X size={14} aria-hidden />
      </IconButton>
    </div>
  )
}

function FileDrop({ onChoose }: { readonly onChoose: (file: File | undefined) => void }) {
  return (
    <DropZone
      className="dropzone"
      aria-label="Drop a file here"
      onDrop={async ({ items }) => {
        const [item] = items.filter((one) => one.kind === 'file')
        if (item !== undefined) onChoose(await item.getFile())
      }}
    >
      <span>Drop a file here, or</span>
      <FileTrigger onSelect={(chosen) => onChoose(chosen?.[0])}>
        <Button small>Choose a file</Button>
      </FileTrigger>
    </DropZone>
  )
}
