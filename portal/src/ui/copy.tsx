/** Copying, and what is shown once. */
import { Copy } from 'lucide-react'
import { Cancelled, sentenceOf } from '../api/ask.ts'
import { Button } from './controls.tsx'
import { toast } from './toast.tsx'

/** So many were begun. */
let copies = 0

/** Puts what `get` resolves to on the clipboard; says so, or why not, unless the person called it off. */
export async function copy(get: () => Promise<string>, what: string): Promise<void> {
  try {
    await copyText(get, what)
  } catch (error) {
    if (!(error instanceof Cancelled)) toast(`Copy failed: ${sentenceOf(error)}`, true)
  }
}

/**
 * Puts what `get` resolves to on the clipboard, and throws what it does. The promise goes along, as some browsers ask for
 * the gesture and the write to be one. What was copied since is not written over.
 */
export async function copyText(get: () => Promise<string>, what: string): Promise<void> {
  if (navigator.clipboard === undefined) {
    toast('This browser only copies on pages with TLS. Reveal the value and copy it by hand.', true)
    return
  }
  const own = ++copies
  const text = get().then((value) => {
    // Whoever copies something else meanwhile wants that.
    if (own !== copies) throw new Cancelled('Something else was copied since.')
    return value
  })
  const isItem = typeof ClipboardItem !== 'undefined'
  if (isItem) {
    const blob = text.then((value) => new Blob([value], { type: 'text/plain' }))
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]).catch(async (error: unknown) => {
      // The value's own fault is the better message.
      await text
      throw error
    })
  } else await navigator.clipboard.writeText(await text)
  toast(`${what} copied`)
}

/** A text that is shown this once, with a button that copies it. */
export function CopyOnce({
  text,
  what,
  label,
  hint,
}: {
  readonly text: string
  /** What is on the clipboard then, such as `The key`. */
  readonly what: string
  readonly label?: string
  readonly hint?: string
}) {
  const copied = (
    <div className="copy-once">
      <code>{text}</code>
      <Button onPress={() => void copy(async () => text, what)}>
        <Copy size={14} aria-hidden />
        Copy
      </Button>
    </div>
  )
  if (label === undefined) return copied
  return (
    <div className="stack-s">
      <span className="label">{label}</span>
      {copied}
      {hint === undefined ? null : <p className="hint">{hint}</p>}
    </div>
  )
}
