/** Below the field of a value: what is generated for it, and how strong that is. */
import { WandSparkles } from 'lucide-react'
import { useState } from 'react'
import { usualWords } from '../../../src/model/word-list.ts'
import { Button, Field, Select } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { type Alphabet, alphabets, bitsOf, generate, type Kind, kinds, strengthOf, type Wanted } from './generate.ts'

const lengths: Readonly<
  Partial<Record<Kind, { readonly label: string; readonly start: number; readonly max: number }>>
> = {
  text: { label: 'Length', start: 32, max: 1024 },
  words: { label: 'Number of words', start: usualWords, max: 24 },
}

/** @param onValue takes the value, which is in no state */
export function Generator({ onValue }: { readonly onValue: (value: string) => void }) {
  const [isOpen, setOpen] = useState(false)
  if (isOpen) return <Choices onValue={onValue} onClose={() => setOpen(false)} />
  return (
    <div>
      <Button small look="quiet" onPress={() => setOpen(true)}>
        <WandSparkles size={14} aria-hidden />
        Generate a value
      </Button>
    </div>
  )
}

function Choices({ onValue, onClose }: { readonly onValue: (value: string) => void; readonly onClose: () => void }) {
  const [kind, setKind] = useState<Kind>('text')
  const [alphabet, setAlphabet] = useState<Alphabet>('symbols')
  const [typed, setTyped] = useState<Readonly<Partial<Record<Kind, string>>>>({})
  const { make, publicKey, isBusy, trouble } = useGenerated(onValue)
  const limits = lengths[kind]
  const length = Number(typed[kind] ?? limits?.start ?? 1)
  const isRight = limits === undefined || (Number.isInteger(length) && length >= 1 && length <= limits.max)
  const wanted: Wanted = { kind, alphabet, length }
  const bits = isRight ? bitsOf(wanted) : 0
  return (
    <fieldset className="generator">
      <legend className="sr-only">Generate a value</legend>
      <div className="row to-end">
        <Select label="Generate" value={kind} onChoose={setKind} choices={choicesOf(kinds)} />
        {kind === 'text' ? (
          <Select
            label="Characters"
            value={alphabet}
            onChoose={setAlphabet}
            choices={choicesOf({
              symbols: alphabets.symbols.label,
              letters: alphabets.letters.label,
              plain: alphabets.plain.label,
              hex: alphabets.hex.label,
              digits: alphabets.digits.label,
            })}
          />
        ) : null}
        {limits === undefined ? null : (
          <Field
            label={limits.label}
            type="number"
            min={1}
            max={limits.max}
            value={typed[kind] ?? String(limits.start)}
            onValue={(text) => setTyped({ ...typed, [kind]: text })}
            fault={isRight ? undefined : `From 1 to ${limits.max.toLocaleString('en')}.`}
          />
        )}
      </div>
      {isRight ? (
        <p className={bits < 50 ? 'small warn-text' : 'small muted'} role="status">
          {strengthOf(bits)}, {bits.toLocaleString('en')} bits
        </p>
      ) : null}
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      {publicKey === undefined ? null : (
        <CopyOnce label="Public key" text={publicKey} what="Public key" hint="The private key is in the value field." />
      )}
      <div className="row">
        <Button small onPress={() => void make(wanted)} isDisabled={!isRight || isBusy}>
          {isBusy ? 'Generating…' : 'Generate'}
        </Button>
        <Button small look="quiet" onPress={onClose}>
          Close generator
        </Button>
      </div>
    </fieldset>
  )
}

/** Hands the value on; of a key pair, what others may know is kept. */
function useGenerated(onValue: (value: string) => void) {
  const [publicKey, setPublicKey] = useState<string>()
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const make = async (wanted: Wanted) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      const made = await generate(wanted)
      onValue(made.value)
      setPublicKey(made.publicKey)
      toast('Value generated')
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : 'This browser cannot generate it.')
    }
    setBusy(false)
  }
  return { make, publicKey, isBusy, trouble }
}

function choicesOf<T extends string>(labels: Readonly<Record<T, string>>) {
  return Object.entries<string>(labels).flatMap(([id, label]) => (isOf(labels, id) ? [{ id, label }] : []))
}

function isOf<T extends string>(labels: Readonly<Record<T, string>>, id: string): id is T {
  return Object.hasOwn(labels, id)
}
