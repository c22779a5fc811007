/** What the key/value engine of Vault holds, a map of names to JSON, and how Strongroom keeps one: as a text. */
import { exactNumbers } from './json.ts'

export type Data = Readonly<Record<string, unknown>>

/** The one field of what is no map. */
export const dataField = 'value'

/** A map as it is stored. A text that would be read as another map than it was in goes in its map. */
export function textOf(data: Data): string {
  const [only, ...others] = Object.entries(data)
  const text = others.length === 0 && only?.[0] === dataField ? only[1] : undefined
  const isPlain = typeof text === 'string' && text !== '' && mapOf(text) === undefined
  return isPlain ? text : JSON.stringify(data)
}

export function isMap(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)
}

/** The map that a stored text is, with numbers as they were written; nothing for any other text. */
export function mapOf(text: string): Data | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    const read: unknown = JSON.parse(text, exactNumbers)
    return isMap(read) ? read : undefined
  } catch {
    return undefined
  }
}
