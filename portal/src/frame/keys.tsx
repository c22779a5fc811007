/** Keyboard shortcuts of every page, and the dialog that lists them. */
import { useEffect, useRef } from 'react'
import { Dialog } from '../ui/dialog.tsx'
import type { NavigationItem } from './navigation.ts'

const chordMs = 1_200

export function useKeys(
  items: readonly NavigationItem[],
  go: (path: string) => void,
  openPalette: () => void,
  openHelp: () => void,
): void {
  const chord = useRef(Number.NEGATIVE_INFINITY)
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        return openPalette()
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || isInDialog()) return
      if (event.key === '?') return openHelp()
      if (performance.now() - chord.current < chordMs) {
        chord.current = Number.NEGATIVE_INFINITY
        const item = items.find(({ key }) => key === event.key)
        if (item !== undefined) {
          event.preventDefault()
          go(item.path)
        }
        return
      }
      if (event.key === 'g') chord.current = performance.now()
      const search = event.key === '/' ? document.querySelector<HTMLElement>('[data-search]') : null
      if (search !== null) {
        event.preventDefault()
        search.focus()
      }
      const add = event.key === 'n' ? document.querySelector<HTMLElement>('[data-new]') : null
      if (add !== null) {
        event.preventDefault()
        add.click()
      }
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [items, go, openPalette, openHelp])
}

export function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath()
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

function isInDialog(): boolean {
  return document.querySelector('[role=dialog],[role=alertdialog],[role=menu]') !== null
}

export function KeysHelp({
  isOpen,
  onClose,
  items,
}: {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly items: readonly NavigationItem[]
}) {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['Search and commands', ['Ctrl', 'K']],
    ['Search on this page', ['/']],
    ['New, on this page', ['n']],
    ['Next and previous row', ['j', 'k']],
    ['Open the row', ['Enter']],
    ['Select the row', ['Space']],
    ['Select a range', ['Shift', '↓']],
    ['Select all matching', ['Ctrl', 'A']],
    ['Clear selection', ['Esc']],
    ['Copy the value of the row', ['c']],
    ['Peek at the value of the row', ['v']],
    ['These shortcuts', ['?']],
    ...items.map(({ label, key }) => [label, ['g', key]] as const),
  ]
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={onClose}>
      <div className="keys-list">
        {rows.map(([what, keys]) => (
          <div key={what} style={{ display: 'contents' }}>
            <span>{what}</span>
            <span className="row">
              {keys.map((key) => (
                <kbd key={key} className="kbd">
                  {key}
                </kbd>
              ))}
            </span>
          </div>
        ))}
      </div>
    </Dialog>
  )
}
