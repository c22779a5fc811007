/**
 * One reference of a template, `${{secret.NAME | filter}}`: its grammar alone. It needs nothing of Node, as the editor of
 * the portal reads by it too.
 */
import { maxName, secretNameText } from '../model/name.ts'

const plain = ['base64', 'json', 'yaml', 'shell', 'trim'] as const
type Plain = (typeof plain)[number]

export type Filter = { readonly kind: Plain } | { readonly kind: 'indent'; readonly blanks: number }

export const filterKinds: readonly Filter['kind'][] = [...plain, 'indent']

const filterNames = 'base64, json, yaml, shell, trim, or indent N with N from 0 to 99'

/** What a reference begins with; behind another `$` it is meant literally. */
export const opening = '${{'
const head = new RegExp(`\\$\\{\\{[ \\t]*secret\\.(${secretNameText})[ \\t]*`, 'y')
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
  const [whole, name = ''] = start
  if (name.length > maxName) return { faultAt: at, detail: `The name of a secret has at most ${maxName} characters.` }
  const filters: Filter[] = []
  let end = at + whole.length
  for (let bar = match(pipe, text, end); bar !== undefined; bar = match(pipe, text, end)) {
    const from = end + bar[0].length
    const [called, kind = '', argument] = match(call, text, from) ?? []
    const filter = called === undefined ? undefined : filterOf(kind, argument)
    if (called === undefined || filter === undefined)
      return { faultAt: from, detail: `Expected a filter: ${filterNames}.` }
    if (filters.push(filter) > maxFilters)
      return { faultAt: at, detail: `A reference must not have more than ${maxFilters} filters.` }
    end = from + called.length
  }
  const close = match(closing, text, end)
  if (close === undefined) return { faultAt: end, detail: 'Expected }} or a filter.' }
  return { name, filters, end: end + close[0].length }
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
