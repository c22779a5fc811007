/**
 * One reference of a template, `${{secret.NAME | filter}}`: its grammar alone. It needs nothing of Node, as the editor of
 * the portal reads by it too.
 */

const plain = ['base64', 'json', 'yaml', 'shell', 'trim'] as const
type Plain = (typeof plain)[number]

export type Filter = { readonly kind: Plain } | { readonly kind: 'indent'; readonly blanks: number }

export const filterKinds: readonly Filter['kind'][] = [...plain, 'indent']

const filterNames = 'base64, json, yaml, shell, trim, or indent N with N from 0 to 99'

/** What a reference begins with; behind another `$` it is meant literally. */
export const opening = '${{'
const head = /\$\{\{[ \t]*secret\.([A-Za-z0-9_][A-Za-z0-9_.-]{0,254})[ \t]*/y
const pipe = /\|[ \t]*/y
const call = /([a-z0-9]+)(?:[ \t]+([0-9]{1,2}))?[ \t]*(?=[|}])/y
const closing = /\}\}/y

/** More make no sense, and each may make the value longer. */
const maxFilters = 8

/** A reference that is well-formed. */
export interface Read {
  readonly name: string
  readonly filters: readonly Filter[]
  /** Where the text goes on. */
  readonly end: number
}

/** What is wrong with one, and where. */
export interface Malformed {
  readonly faultAt: number
  readonly detail: string
}

/** Reads the reference that begins at `at`, in time linear in its length. */
export function readReference(text: string, at: number): Read | Malformed {
  const start = match(head, text, at)
  if (start === undefined) return { faultAt: at, detail: `Expected \${{secret.NAME}}; write $\${{ for a literal \${{.` }
  const filters: Filter[] = []
  let end = at + start[0].length
  for (let bar = match(pipe, text, end); bar !== undefined; bar = match(pipe, text, end)) {
    const from = end + bar[0].length
    const [whole, name = '', argument] = match(call, text, from) ?? []
    const filter = whole === undefined ? undefined : filterOf(name, argument)
    if (whole === undefined || filter === undefined)
      return { faultAt: from, detail: `Expected a filter: ${filterNames}.` }
    if (filters.push(filter) > maxFilters)
      return { faultAt: at, detail: `A reference must not have more than ${maxFilters} filters.` }
    end = from + whole.length
  }
  const close = match(closing, text, end)
  if (close === undefined) return { faultAt: end, detail: 'Expected }} or a filter.' }
  return { name: start[1] ?? '', filters, end: end + close[0].length }
}

export function match(sticky: RegExp, text: string, at: number): RegExpExecArray | undefined {
  sticky.lastIndex = at
  return sticky.exec(text) ?? undefined
}

/** The filter of that name, or `undefined`. Only `indent` takes a number, and needs it. */
function filterOf(name: string, argument: string | undefined): Filter | undefined {
  if (name === 'indent') return argument === undefined ? undefined : { kind: name, blanks: Number(argument) }
  return argument === undefined && isPlain(name) ? { kind: name } : undefined
}

function isPlain(name: string): name is Plain {
  return (plain as readonly string[]).includes(name)
}
