/** References in a template, as the editor understands them while it is typed. The server has the last word. */

export interface Reference {
  readonly from: number
  readonly to: number
  readonly name: string
  /** A literal, or something that is no reference. */
  readonly kind: 'reference' | 'malformed'
}

const place = /(\$?)\$\{\{(?:[ \t]*secret\.([A-Za-z0-9_][A-Za-z0-9_.-]{0,254})[ \t]*(?:\|[^}\n]*)?\}\})?/g

export function referencesIn(text: string): readonly Reference[] {
  return [...text.matchAll(place)].flatMap((match): Reference[] => {
    const [whole, literal, name] = match
    if (literal !== '') return []
    const from = match.index
    if (name === undefined) return [{ from, to: from + 3, name: '', kind: 'malformed' }]
    return [{ from, to: from + whole.length, name, kind: 'reference' }]
  })
}

export interface Fault {
  readonly from: number
  readonly to: number
  readonly message: string
}

/** @param names of the secrets that the person may see; nothing while they are not known */
export function faultsIn(text: string, names: ReadonlySet<string> | undefined): readonly Fault[] {
  return referencesIn(text).flatMap(({ from, to, name, kind }): Fault[] => {
    if (kind === 'malformed') {
      return [{ from, to, message: 'Expected ${{secret.NAME}}; write $${{ for a literal ${{.' }]
    }
    if (names !== undefined && !names.has(name)) return [{ from, to, message: `No secret is called ${name}.` }]
    return []
  })
}
