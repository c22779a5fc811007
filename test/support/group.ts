/**
 * Several files of tests in one process, one after the other, each a suite of its own: what they share is loaded and started
 * once, such as a browser. `npm test` says which (`scripts/test-groups.ts`).
 */
import { relative } from 'node:path'
import { after, before, suite } from 'node:test'
import { pathToFileURL } from 'node:url'
import './quiet.ts'
import { cpu, note } from './cost.ts'
import './ends.ts'

export function runGroup(files: readonly string[]): void {
  for (const file of files) {
    suite(relative(process.cwd(), file), async () => {
      let atStart = 0
      before(() => {
        atStart = cpu()
      })
      after(() => note(file, cpu() - atStart))
      await import(pathToFileURL(file).href)
    })
  }
}
