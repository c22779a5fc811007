/** Writes JSON, and YAML that is JSON in all but its lines; with nothing of Node, as the portal does it too. */
import { cannotHold, type Entry } from './entry.ts'

export function writeJson(entries: readonly Entry[]): string {
  const members = entries.map(({ name, value }) => {
    if (typeof value !== 'string')
      throw cannotHold(name, 'Is not a text.', 'Leave it out with --only, or export as yaml.')
    return `\n  ${JSON.stringify(name)}: ${JSON.stringify(value)}`
  })
  return members.length === 0 ? '{}\n' : `{${members.join(',')}\n}\n`
}

export function writeYaml(entries: readonly Entry[]): string {
  if (entries.length === 0) return '{}\n'
  const write = (value: Entry['value']) => (typeof value === 'string' ? yamlText(value) : `!!binary "${base64(value)}"`)
  return entries.map(({ name, value }) => `${yamlText(name)}: ${write(value)}\n`).join('')
}

/** As JSON, which is YAML too; and escaped what YAML 1.1 takes for a line end, or does not take at all. */
export function yamlText(text: string): string {
  return JSON.stringify(text).replaceAll(/[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/gu, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

export function base64(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)))
  return btoa(parts.join(''))
}
