/** Time that passes when the test says so: that of `performance.now`, by which limits count. */
import type { TestContext } from 'node:test'

/** However long the machine takes from now on, until the test is over, no time passes but what the test lets pass. */
export function stillTime(t: TestContext): { pass(milliseconds: number): void } {
  // Whole, so that what passes is as much as it was said to be.
  let now = Math.ceil(performance.now())
  t.mock.method(performance, 'now', () => now)
  return {
    pass: (milliseconds) => {
      now += milliseconds
    },
  }
}
