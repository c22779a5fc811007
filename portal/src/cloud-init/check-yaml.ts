/** What a YAML parser says of a cloud-config. In a file of its own, as the parser is loaded when it is needed. */
import { parseDocument } from 'yaml'
import { type Fault, referencesIn } from './references.ts'

/** Faults of a document that begins with `#cloud-config`; others are not YAML. */
export function yamlFaults(text: string): readonly Fault[] {
  if (!/^#cloud-config\s/.test(text)) return []
  let masked = text
  // Letters of the same length, so that places stay what they are.
  for (const { from, to } of referencesIn(text))
    masked = masked.slice(0, from) + 'x'.repeat(to - from) + masked.slice(to)
  const { errors } = parseDocument(masked, { prettyErrors: false })
  return errors.map(({ pos: [from, to], message }) => ({
    from,
    to: Math.max(to, from + 1),
    message: `YAML: ${message}`,
  }))
}
