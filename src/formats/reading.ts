/** What was read of a file of another program: its values under names that secrets may have, and what was left out. */
import type { Entry } from './entry.ts'

/** A value, where it was found. */
export interface Found {
  /** The folders it was in, the thing, and the field of that: as they are called there. */
  readonly path: readonly string[]
  readonly value: string | Uint8Array
  /** What is said of it there. */
  readonly note?: string | undefined
}

/** What is not imported. */
export interface LeftOut {
  readonly what: string
  readonly why: string
}

export interface Reading {
  readonly entries: readonly Entry[]
  /** Names that had to change, by what they were. */
  readonly renamed: readonly { readonly from: string; readonly name: string }[]
  readonly leftOut: readonly LeftOut[]
}

const maxName = 255
/** As long as a description may be. */
const maxDescription = 1024

/** Gives each value a name that a secret may have, and no other has. */
export function nameFound(all: readonly Found[], leftOut: readonly LeftOut[]): Reading {
  const taken = new Set<string>()
  const renamed: { from: string; name: string }[] = []
  const tooLong: LeftOut[] = []
  const entries = all.map(({ path, value, note }) => {
    const from = path.join('/')
    const name = freeName(validName(path), taken)
    taken.add(name)
    if (name !== from) renamed.push({ from, name })
    const description = descriptionOf(note)
    if (note && description === undefined)
      tooLong.push({ what: `the note of ${from}`, why: 'no description can have it' })
    return { name, value, ...(description === undefined ? {} : { description }) }
  })
  return { entries, renamed, leftOut: [...leftOut, ...tooLong] }
}

/** Letters keep their base where they have one; whatever else no name can have is a hyphen. */
function validName(path: readonly string[]): string {
  const parts = path
    .flatMap((part) => part.split('/'))
    .map((part) =>
      part
        .normalize('NFKD')
        .replaceAll(/\p{M}/gu, '')
        .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
        .replace(/^[.-]+/, '')
        .replace(/-+$/, ''),
    )
    .filter((part) => part !== '')
  return parts.length === 0
    ? 'unnamed'
    : parts
        .join('/')
        .slice(0, maxName)
        .replace(/[/-]+$/, '')
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let number = 2; ; number++) {
    const end = `-${number}`
    const other = name.slice(0, maxName - end.length) + end
    if (!taken.has(other)) return other
  }
}

function descriptionOf(note: string | undefined): string | undefined {
  return note && note.length <= maxDescription && note.isWellFormed() && !note.includes('\0') ? note : undefined
}
