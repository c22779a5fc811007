/** Writes data that programs read: JSON, YAML, a manifest of Kubernetes, and variables of Terraform. */
import { cannotHold, type Entry } from './entry.ts'
import { hclName, keyName, renamed } from './env-name.ts'

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
function yamlText(text: string): string {
  return JSON.stringify(text).replaceAll(/[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/gu, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The most that one Secret may hold, in bytes. */
const maxSecret = 1_048_576
const maxKey = 253

/** A Secret of Kubernetes, which carries any bytes. */
export function writeK8s(entries: readonly Entry[], name: string): string {
  const sizes = entries.map(({ value }) => bytesOf(value).length)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total > maxSecret) {
    throw cannotHold(name, 'Would be longer than the 1 MiB of a Secret.', 'Export fewer with --only.')
  }
  const long = entries.find((entry) => entry.name.length > maxKey)
  if (long !== undefined) throw cannotHold(long.name, 'Has a name longer than the keys of a Secret.', 'Rename it.')
  const data = renamed(entries, keyName).map(
    (entry) => `  ${yamlText(entry.name)}: "${base64(bytesOf(entry.value))}"\n`,
  )
  const head = `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${yamlText(name)}\ntype: Opaque\n`
  return entries.length === 0 ? `${head}data: {}\n` : `${head}data:\n${data.join('')}`
}

/** Terraform's values of variables: HCL's quoted templates, in which nothing is a template. */
export function writeTfvars(entries: readonly Entry[]): string {
  return renamed(entries, hclName)
    .map(({ name, value }) => `${name} = ${hclText(name, value)}\n`)
    .join('')
}

const hclEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '"': '\\"', '\\': '\\\\' }

function hclText(name: string, value: Entry['value']): string {
  const hint = 'Leave it out with --only, or give it to Terraform in base64.'
  if (typeof value !== 'string') throw cannotHold(name, 'Is not a text.', hint)
  // Terraform would read it as another text.
  if (value.normalize('NFC') !== value) throw cannotHold(name, 'Is not in the normal form of Unicode (NFC).', hint)
  if (value.includes('\0')) throw cannotHold(name, 'Has a NUL character.', hint)
  const escaped = value
    .replaceAll(/["\\\n\r\t]/g, (one) => hclEscapes[one] ?? one)
    .replaceAll(/[\p{Cc}\u2028\u2029\ufeff]/gu, (one) => {
      return `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
    })
    .replaceAll(/([$%])(?=\{)/g, '$1$1')
  return `"${escaped}"`
}

function bytesOf(value: Entry['value']): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
