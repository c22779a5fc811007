/** Which texts to hide in a log, so that a value does not show in any of the forms in which it is likely to be printed. */

/** Lines such as `}` say nothing of a value, and hiding them would hide half of the log. */
const isPunctuation = /^[{}[\](),;:"'`]{1,3}$/
/** Canonical base64 of 12 bytes or more. */
const isBase64 = /^(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The value, its lines, its base64; and if it is itself the base64 of a text, that text and its lines. */
export function formsOf(value: string): readonly string[] {
  const inside = decoded(value.trim())
  const texts = inside === undefined ? [value] : [value, inside]
  return [...new Set(texts.flatMap((text) => [text, ...linesOf(text), Buffer.from(text).toString('base64')]))].filter(
    (text) => text.trim() !== '' && !isPunctuation.test(text.trim()),
  )
}

/** As a log is cut into lines; without the blanks around them, so that they are found however they are indented. */
function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/).map((line) => line.trim())
}

function decoded(value: string): string | undefined {
  if (!isBase64.test(value)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'base64'))
  } catch {
    return undefined
  }
}
