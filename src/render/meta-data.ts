/** Who a machine is by its meta-data: what stays to be said of it when nothing else is. */
import { fill } from './fill.ts'
import { defaultLimits, tooLarge } from './limits.ts'
import type { Steps } from './steps.ts'
import type { UserData } from './user-data.ts'
import { type Node, outlineOf } from './yaml.ts'

export interface MachineIdentity {
  /** Meta-data that say this much and nothing else: `instance-id` and `local-hostname`, as far as they are there. */
  readonly text: string
  /** Whether cloud-init reads the same `instance-id` of this as of the whole, whatever the secrets hold. */
  readonly isWhole: boolean
}

/**
 * Reads meta-data with harmless words in the places of its references. What depends on one is left out.
 *
 * @throws Refusal `too_large`
 */
export function* identifying({ templates, bytes, isMime, isCompressed, field }: UserData): Steps<MachineIdentity> {
  // cloud-init reads meta-data as plain YAML alone.
  if (isMime || isCompressed) return { text: '', isWhole: false }
  const [template] = templates
  const text = template === undefined ? bytes.toString() : fill(template.pieces, template.meaning.words)
  const outline = yield* outlineOf(text, defaultLimits.lexemes)
  if (outline === undefined) throw tooLarge(field, defaultLimits.lexemes, 'words and signs')
  const members = outline.faultyLine === undefined ? membersOf(outline.nodes) : new Map<string, Node>()
  const beginning = template?.meaning.beginning
  const lines = ['instance-id', 'local-hostname'].flatMap((key) => {
    const value = members.get(key)
    const isFixed = value !== undefined && scalars.has(value.form) && !isWordIn(value.text, beginning)
    return isFixed ? [`${key}: ${write(value)}\n`] : []
  })
  const isWhole = !members.has('instance-id') || lines.some((line) => line.startsWith('instance-id'))
  return { text: lines.join(''), isWhole }
}

const scalars = new Set(['PLAIN', 'QUOTE_SINGLE', 'QUOTE_DOUBLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'])

function isWordIn(text: string, beginning: string | undefined): boolean {
  return beginning !== undefined && text.includes(beginning)
}

/** Of a mapping; PyYAML lets a key that comes again replace the first one. */
function membersOf([root, ...nodes]: readonly Node[]): ReadonlyMap<string, Node> {
  const members = new Map<string, Node>()
  if (root?.form !== 'mapping') return members
  const inRoot = nodes.filter(({ depth }) => depth === 1)
  for (let at = 0; at + 1 < inRoot.length; at += 2) {
    const [key, value] = [inRoot[at], inRoot[at + 1]]
    if (key !== undefined && value !== undefined) members.set(key.text, value)
  }
  return members
}

/** A bare word as it is, as `0x10` or `no` are other things in quotes. */
function write({ isPlain, properties, text }: Node): string {
  return isPlain && properties.startsWith(' ') ? text : JSON.stringify(text)
}
