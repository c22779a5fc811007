/** The end of all tests of a process: of one file, or of a group of them (`group.ts`). */
import { after } from 'node:test'

const ends: (() => void | Promise<void>)[] = []

/** Does this once nothing is left to run: what began last ends first. */
export function atEnd(work: () => void | Promise<void>): void {
  ends.push(work)
}

// Whoever imports this first does so before any suite, so this is of the process and not of one file.
after(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
