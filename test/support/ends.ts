/** The end of all tests of a process: of one file, or of a group of them (`group.ts`). */
import { after } from 'node:test'

const ends: (() => void | Promise<void>)[] = []

/** Does this once nothing is left to run: what began last ends first. */
export function atEnd(work: () => void | Promise<void>): void {
  ends.push(work)
}

/** What is open then is not closed by anybody, and a process that has it never ends. */
const graceMs = Number(process.env['STRONGROOM_TEST_GRACE_MS'] ?? 15_000)

// Whoever imports this first does so before any suite, so this is of the process and not of one file.
after(async () => {
  for (const end of ends.splice(0).reverse()) await end()
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ')
    process.stderr.write(`Still open ${graceMs / 1000} s after the last test, perhaps as one failed: ${open}\n`)
    process.exit(process.exitCode === undefined || process.exitCode === 0 ? 1 : process.exitCode)
  }, graceMs).unref()
})
