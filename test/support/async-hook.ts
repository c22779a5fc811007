/** The hook that the test runner follows promises with. To be loaded before anything of `node:test` is called. */
import { type AsyncHook, createHook } from 'node:async_hooks'

let ofRunner: AsyncHook | undefined

const hooks: AsyncHook = Object.getPrototypeOf(createHook({}))
const { enable } = hooks

// The first that is enabled is the runner's.
hooks.enable = function (this: AsyncHook) {
  ofRunner = this
  hooks.enable = enable
  return enable.call(this)
}

/**
 * The runner follows each promise from its making to its collection, a tenth of all work, to know which suite a test is
 * declared in, and which test a stray error is of. Once all are declared only the latter is left: an error fails the process
 * all the same, and a run of the file by itself says which test it is of.
 */
export function stopFollowing(): void {
  ofRunner?.disable()
}
