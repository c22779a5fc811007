/**
 * A suite that waits for something, such as a server, before its tests are known. Tests of another file in the same process may
 * have begun by then, so whoever looks only while suites are being built (`quiet.ts`) has to be told.
 */
import { suite } from 'node:test'

let unbuilt = 0

/** As `suite`, for what is built with `await`. */
export function preparedSuite(name: string, build: () => Promise<void>): void {
  suite(name, async () => {
    unbuilt++
    try {
      await build()
    } finally {
      unbuilt--
    }
  })
}

/** Whether the tests of some suite are not known yet. */
export function isBuilding(): boolean {
  return unbuilt > 0
}
