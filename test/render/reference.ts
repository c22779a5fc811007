/**
 * Rendering once more, from docs/templates.md alone, for texts that are no cloud-config: one character after another,
 * no regular expressions, nothing shared with the product.
 */
export type Rendered = { readonly text: string } | { readonly missing: readonly string[] } | { readonly refused: true }

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_'

export function renderPlainly(template: string, values: ReadonlyMap<string, string>): Rendered {
  let rest = template
  let out = ''
  const missing: string[] = []
  let isRefused = false
  while (rest !== '') {
    if (rest.startsWith('$${{')) {
      out += '${{'
      rest = rest.slice(4)
      continue
    }
    if (!rest.startsWith('${{')) {
      out += rest[0]
      rest = rest.slice(1)
      continue
    }
    const close = rest.indexOf('}}')
    const expression = rest.slice(3, close)
    const [subject = '', ...calls] = expression.split('|').map(withoutBlanks)
    const name = subject.slice('secret.'.length)
    if (close < 0 || !subject.startsWith('secret.') || !isName(name)) return { refused: true }
    const line = out.slice(out.lastIndexOf('\n') + 1)
    const before = template.slice(0, template.length - rest.length)
    rest = rest.slice(close + 2)
    const value = values.get(name)
    if (value === undefined) {
      missing.push(name)
      continue
    }
    let text = value
    let isIndented = false
    for (const call of calls) {
      const [filter = '', count] = call.split(' ').filter((word) => word !== '')
      const next = filtered(text, filter, count)
      if (next === undefined) return { refused: true }
      if (filter === 'shell' && text.includes('\0')) isRefused = true
      if (filter === 'indent') isIndented = true
      text = next
    }
    const source = before.slice(before.lastIndexOf('\n') + 1)
    const behind = rest.split('\n')[0] ?? ''
    const isAlone = withoutBlanks(source) === '' && ['', '\r'].includes(withoutBlanks(behind))
    out += isAlone && !isIndented ? shifted(text, line) : text
  }
  if (missing.length > 0) return { missing }
  return isRefused ? { refused: true } : { text: out }
}

function filtered(text: string, filter: string, count: string | undefined): string | undefined {
  switch (filter) {
    case 'base64':
      return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    case 'json':
    case 'yaml':
      return [...JSON.stringify(text)].map(escaped).join('')
    case 'shell':
      return `'${text.split("'").join("'\\''")}'`
    case 'trim': {
      let left = text
      while (left !== '' && ' \t\n\v\f\r'.includes(left[0] ?? 'x')) left = left.slice(1)
      while (left !== '' && ' \t\n\v\f\r'.includes(left.at(-1) ?? 'x')) left = left.slice(0, -1)
      return left
    }
    case 'indent':
      return shifted(text, ' '.repeat(Number(count)))
    default:
      return undefined
  }
}

function escaped(character: string): string {
  const code = character.charCodeAt(0)
  const isStrange = (code >= 0x7f && code <= 0x9f) || [0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff].includes(code)
  return isStrange ? `\\u${code.toString(16).padStart(4, '0')}` : character
}

function shifted(text: string, blanks: string): string {
  const [first = '', ...others] = text.split('\n')
  return [first, ...others.map((line) => (line === '' || line[0] === '\r' ? line : blanks + line))].join('\n')
}

function isName(name: string): boolean {
  return name.length <= 255 && name.split('/').every(isPart)
}

function isPart(part: string): boolean {
  const isFirst = part !== '' && letters.includes(part[0] ?? '')
  return isFirst && [...part].every((letter) => `${letters}.-`.includes(letter))
}

/** Blanks within a line. */
function withoutBlanks(text: string): string {
  let left = text
  while (left[0] === ' ' || left[0] === '\t') left = left.slice(1)
  while (left.at(-1) === ' ' || left.at(-1) === '\t') left = left.slice(0, -1)
  return left
}
