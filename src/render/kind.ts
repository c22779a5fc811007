/** What cloud-init takes a document for. */

/** How documents of each kind begin (cloudinit/handlers/__init__.py), the longest first. */
const beginnings = [
  '#cloud-config-archive',
  '#cloud-config-jsonp',
  '## template: jinja',
  '#cloud-boothook',
  '#include-once',
  '#cloud-config',
  '#part-handler',
  '#include',
  '#!',
]
export const cloudConfig = '#cloud-config'
export const archive = '#cloud-config-archive'
export const jinja = '## template: jinja'

/** Content types of parts that say what they are; others are known by how they begin. */
const kindOfType: ReadonlyMap<string, string> = new Map([
  ['text/cloud-config', cloudConfig],
  ['text/cloud-config-archive', archive],
  ['text/cloud-config-jsonp', '#cloud-config-jsonp'],
  ['text/jinja2', jinja],
])

/** By its content type, if it is a part, or by how it begins; empty when it is nothing special. */
export function kindOf(text: string, type = ''): string {
  const from = text.search(/[^\s\p{Cc}]/u)
  const start = from < 0 ? '' : text.slice(from, from + 64).toLowerCase()
  if (start.startsWith(jinja)) return jinja
  return kindOfType.get(type) ?? beginnings.find((beginning) => start.startsWith(beginning)) ?? ''
}

export function isYaml(kind: string): boolean {
  return kind.startsWith(cloudConfig)
}
