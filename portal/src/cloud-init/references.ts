/** References in a template, read while it is typed as the server reads them, and what is wrong with them. */
import { opening, readReference } from '../../../src/render/reference.ts'

export interface Reference {
  readonly from: number
  readonly to: number
  readonly name: string
  /** Of one that the server would refuse. */
  readonly fault?: Fault
}

export interface Fault {
  readonly from: number
  readonly to: number
  readonly message: string
}

/** A name and eight filters are shorter. */
const longest = 500

/** All of them, those that are malformed too; not what is meant literally. */
export function referencesIn(text: string): readonly Reference[] {
  const found: Reference[] = []
  for (let at = text.indexOf(opening); at >= 0; ) {
    let next = at + opening.length
    if (text[at - 1] !== '$') {
      const read = readReference(text, at)
      if ('detail' in read) found.push(malformed(text, at, read))
      else found.push({ from: at, to: read.end, name: read.name })
      next = found.at(-1)?.to ?? next
    }
    at = text.indexOf(opening, next)
  }
  return found
}

function malformed(text: string, from: number, { faultAt, detail }: { faultAt: number; detail: string }): Reference {
  // To its end, if it has one on its line and near; what is wrong, to the next bar or brace.
  const rest = /^[^\n]*?\}\}/.exec(text.slice(from, from + longest))?.[0] ?? opening
  const isNested = rest.includes(opening, opening.length)
  const to = from + (isNested ? opening.length : rest.length)
  const wrong = /^[^|}\n]+/.exec(text.slice(faultAt, faultAt + longest))?.[0].trimEnd() ?? ''
  const faultTo = faultAt === from ? to : faultAt + Math.max(1, wrong.length)
  return { from, to, name: '', fault: { from: faultAt, to: faultTo, message: detail } }
}

/** @param names has those of the secrets that the person may see, and those that are not known yet */
export function faultsIn(text: string, names: Pick<ReadonlySet<string>, 'has'> | undefined): readonly Fault[] {
  return referencesIn(text).flatMap(({ from, to, name, fault }): readonly Fault[] => {
    if (fault !== undefined) return [fault]
    if (names !== undefined && !names.has(name)) return [{ from, to, message: `No secret is called ${name}.` }]
    return []
  })
}
