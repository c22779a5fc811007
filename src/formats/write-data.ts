/** Writes data that programs read: a manifest of Kubernetes, and variables of Terraform. */
import { cannotHold, type Entry } from './entry.ts'
import { hclName, keyName, renamed } from './env-name.ts'
import { base64, yamlText } from './write-json.ts'

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
