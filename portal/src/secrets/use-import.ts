/** What is known of an import while its dialog is open. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { Cancelled, sentenceOf } from '../api/ask.ts'
import { onWipe } from '../api/session.ts'
import { useLater } from '../ui/later.ts'
import { type Fate, fatesOf, isOfEntries, namesIn, type Row, Values, wholeOf } from './import-plan.ts'

/** A file, and whether it is one secret or each name in it is one. */
export interface Part {
  readonly file: File
  readonly isWhole: boolean
  /** Why nothing can be made of it. */
  readonly fault?: string
}

export interface Importing {
  /** Nothing while the files are read. */
  readonly rows: readonly Row[] | undefined
  readonly parts: readonly Part[]
  readonly fates: ReadonlyMap<number, Fate>
  readonly isChecking: boolean
  readonly trouble: string | undefined
  /** Whether the session ended, and the values are gone. */
  readonly isWiped: boolean
  readonly values: Values
  /** Whether a row is to be imported. */
  isChosen(row: Row): boolean
  choose(row: Row, isChosen: boolean): void
  rename(row: Row, name: string): void
  drop(rows: readonly Row[]): void
  readAs(part: Part, isWhole: boolean): void
  check(): void
}

export function useImport(files: readonly File[]): Importing {
  const [values] = useState(() => new Values())
  const [isWiped, setWiped] = useState(false)
  const { parts, rows, setRows, readAs } = useRows(files, values)
  const { fates, isChecking, trouble, check } = useFates(rows, values)
  const [turned, setTurned] = useState<ReadonlyMap<number, boolean>>(new Map())
  useEffect(() => {
    const wipe = () => {
      values.clear()
      setWiped(true)
    }
    const forget = onWipe(wipe)
    return () => {
      forget()
      values.clear()
    }
  }, [values])
  return {
    ...{ rows, parts, fates, isChecking, trouble, isWiped, values, readAs, check },
    isChosen: ({ key }) => {
      const state = fates.get(key)?.state
      return state !== undefined && state !== 'invalid' && state !== 'same' && (turned.get(key) ?? true)
    },
    choose: ({ key }, isChosen) => setTurned((old) => new Map(old).set(key, isChosen)),
    rename: (row, name) => setRows((old) => old?.map((one) => (one.key === row.key ? { ...one, name } : one))),
    drop: (gone) => {
      const keys = new Set(gone.map(({ key }) => key))
      setRows((old) => old?.filter(({ key }) => !keys.has(key)))
    },
  }
}

/** Reads the files, each as it is to be read. */
function useRows(files: readonly File[], values: Values) {
  const [wanted, setWanted] = useState<readonly Part[]>(() =>
    files.map((file) => ({ file, isWhole: !isOfEntries(file.name) })),
  )
  const [parts, setParts] = useState<readonly Part[]>(wanted)
  const [rows, setRows] = useState<readonly Row[]>()
  useEffect(() => {
    let isGone = false
    const look = async () => {
      values.clear()
      const read = await Promise.all(wanted.map((part) => readPart(part, values)))
      if (isGone) return
      setParts(read.map(({ part }) => part))
      setRows(read.flatMap(({ rows: found }) => found))
    }
    void look()
    return () => {
      isGone = true
    }
  }, [wanted, values])
  const readAs = ({ file }: Part, isWhole: boolean) =>
    setWanted((old) => old.map((one) => (one.file === file ? { file, isWhole } : one)))
  return { parts, rows, setRows, readAs }
}

async function readPart(part: Part, values: Values): Promise<{ readonly part: Part; readonly rows: readonly Row[] }> {
  const { file, isWhole } = part
  try {
    return { part, rows: isWhole ? [await wholeOf(file, values)] : await namesIn(file, values) }
  } catch (error) {
    // Which file it is, stands above.
    return { part: { ...part, fault: sentenceOf(error).replace(/^file: /, '') }, rows: [] }
  }
}

/** Asks what storing each would do, once somebody has stopped typing names. */
function useFates(rows: readonly Row[] | undefined, values: Values) {
  const [fates, setFates] = useState<ReadonlyMap<number, Fate>>(new Map())
  const [trouble, setTrouble] = useState<string>()
  const [asked, setAsked] = useState(0)
  const text = JSON.stringify(rows ?? [])
  const settled = useLater(text)
  const known = useRef(text)
  known.current = text
  const wanted = useMemo((): readonly Row[] => JSON.parse(settled), [settled])
  const [checked, setChecked] = useState('')
  useEffect(() => {
    let isGone = false
    const look = async () => {
      setTrouble(undefined)
      try {
        const found = await fatesOf(wanted, values)
        if (isGone) return
        setFates(found)
        setChecked(`${asked} ${settled}`)
      } catch (error) {
        if (!isGone) setTrouble(error instanceof Cancelled ? 'Nothing was compared yet.' : sentenceOf(error))
      }
    }
    if (wanted.length > 0) void look()
    return () => {
      isGone = true
    }
  }, [wanted, values, settled, asked])
  const check = useCallback(() => setAsked((old) => old + 1), [])
  const isChecking = trouble === undefined && text !== '[]' && checked !== `${asked} ${text}`
  return { fates, isChecking, trouble, check }
}
