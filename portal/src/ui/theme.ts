/** Light, dark, or as the system has it. Kept in the browser, as is the name of the last account, and nothing else. */
import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const place = 'strongroom-theme'
const listeners = new Set<() => void>()

export function theme(): Theme {
  const kept = localStorage.getItem(place)
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

export function setTheme(next: Theme): void {
  if (next === 'system') localStorage.removeItem(place)
  else localStorage.setItem(place, next)
  applyTheme()
  for (const tell of listeners) tell()
}

export function applyTheme(): void {
  const chosen = theme()
  if (chosen === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, theme)
}
