/** Reads JSON as it is written: numbers keep their digits, and a member that is there twice is refused. */
import { faulty } from './entry.ts'

/** A value of JSON. Numbers are the text that stood there. */
export type Json = string | boolean | null | Digits | readonly Json[] | JsonObject

export type JsonObject = ReadonlyMap<string, Json>

/** A number, as it was written. */
export class Digits {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** @throws Refusal `invalid` without a word of what the text holds */
export function readJson(text: string): Json {
  const plain = text.replace(/^\uFEFF/, '')
  const found = parse(plain)
  checkMembers(plain)
  return convert(found)
}

/** The same, where an object must stand. */
export function readObject(text: string): JsonObject {
  const found = readJson(text)
  if (isObject(found)) return found
  throw faulty('Must hold a JSON object.')
}

export function isObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map
}

/** The objects of an array; none for anything else. */
export function objectsOf(json: Json | undefined): readonly JsonObject[] {
  return Array.isArray(json) ? json.filter((one) => isObject(one)) : []
}

/** A member that is a string. */
export function textIn(object: JsonObject, member: string): string | undefined {
  const value = object.get(member)
  return typeof value === 'string' ? value : undefined
}

/** What can stand alone, as it is written; `undefined` for what cannot. */
export function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  return value instanceof Digits ? value.text : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text, withDigits)
  } catch (error) {
    // The message of the error quotes the text.
    const [, at] = /position (\d+)/.exec(error instanceof Error ? error.message : '') ?? []
    const where = at === undefined ? '' : ` (line ${text.slice(0, Number(at)).split('\n').length})`
    throw faulty(`Is not JSON${where}.`)
  }
}

function withDigits(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? new Digits(context?.source ?? String(value)) : value
}

function convert(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value instanceof Digits) return value
  if (Array.isArray(value)) return value.map(convert)
  return new Map(Object.entries(value ?? {}).map(([name, member]) => [name, convert(member)]))
}

const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/gs

/** The text is known to be JSON: so every string before a colon is a member's name. */
function checkMembers(text: string): void {
  const open: Set<string>[] = []
  for (const [found, colon] of text.matchAll(token)) {
    if (found === '{') open.push(new Set())
    else if (found === '}') open.pop()
    else if (colon !== undefined) {
      const name = String(JSON.parse(found.slice(0, -colon.length)))
      const members = open.at(-1)
      if (members?.has(name) === true) throw faulty(`Has the member "${name}" twice in one object.`)
      members?.add(name)
    }
  }
}
