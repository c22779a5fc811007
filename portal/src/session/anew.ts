/** Where somebody goes, or another one comes. */
import { forget } from '../ui/unsaved.ts'

/**
 * Another document: what the one before typed, was told, and what is still on its way for them, ends with theirs. A call that is tried
 * again would otherwise be made as whoever is there by then.
 */
export function startAnew(): void {
  forget()
  location.assign('/portal/')
}
