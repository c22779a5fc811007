/** Which names of the comparison are selected: by their boxes, by range, and all that are found. */
import { useRef, useState } from 'react'

export interface ChosenNames {
  readonly count: number
  has(name: string): boolean
  toggle(name: string): void
  /** Adds all from where it was selected last to a name. @param names in the order in which they are shown */
  extend(to: string, names: readonly string[]): void
  choose(names: readonly string[]): void
  clear(): void
}

export function useChosenNames(): ChosenNames {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const last = useRef<string>(undefined)
  const add = (names: readonly string[]) => setChosen((old) => new Set([...old, ...names]))
  return {
    count: chosen.size,
    has: (name) => chosen.has(name),
    toggle: (name) => {
      last.current = name
      setChosen((old) => (old.has(name) ? new Set([...old].filter((one) => one !== name)) : new Set([...old, name])))
    },
    extend: (to, names) => {
      const ends = [names.indexOf(last.current ?? to), names.indexOf(to)].map((at) => Math.max(0, at))
      add(names.slice(Math.min(...ends), Math.max(...ends) + 1))
    },
    choose: add,
    clear: () => setChosen(new Set()),
  }
}
