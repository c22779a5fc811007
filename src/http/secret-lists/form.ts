/**
 * Forms, as browsers write them (https://url.spec.whatwg.org/#urlencoded-parsing), but for one thing: what is no UTF-8 is
 * refused, where the standard would put U+FFFD into the value.
 */
import { Unprocessable } from './envelope.ts'

export type Form = Readonly<Record<string, string | readonly string[]>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * @returns each field's text, or its texts where it is given more than once
 * @throws Unprocessable
 */
export function parseForm(body: Buffer): Form {
  const fields = new Map<string, string[]>()
  for (const pair of body.toString('latin1').split('&')) {
    if (pair === '') continue
    const end = pair.indexOf('=')
    const name = decode(end < 0 ? pair : pair.slice(0, end))
    const text = end < 0 ? '' : decode(pair.slice(end + 1))
    const texts = fields.get(name)
    if (texts === undefined) fields.set(name, [text])
    else texts.push(text)
  }
  return Object.fromEntries([...fields].map(([name, texts]) => [name, texts.length > 1 ? texts : (texts[0] ?? '')]))
}

/** @param text one character for each byte */
function decode(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    throw new Unprocessable({ body: ['Must be UTF-8.'] })
  }
}
