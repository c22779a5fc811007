/**
 * Several files of tests in one process, one after the other, each a suite of its own: what they share is loaded and started
 * once, such as a browser. `npm test` says which (`scripts/test-groups.ts`).
 */
import { relative } from 'node:path'
import { after, before, suite } from 'node:test'
import { pathToFileURL } from 'node:url'
import { stopFollowing } from './async-hook.ts'
import { cpu, note } from './cost.ts'
import './ends.ts'

export function runGroup(files: readonly string[]): void {
  const { promise: allLoaded, resolve } = Promise.withResolvers<void>()
  let left = files.length
  for (const file of files) {
    suite(relative(process.cwd(), file), async () => {
      let atStart = 0
      before(async () => {
        await allLoaded
        stopFollowing()
        atStart = cpu()
      })
      after(() => note(file, cpu() - atStart))
      try {
        await import(pathToFileURL(file).href)
      } finally {
        left -= 1
        if (left === 0) resolve()
      }
    })
  }
}
