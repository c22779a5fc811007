/** Long work in steps: at once, or so that a server answers others in between. */
import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'

/** Work that says, by what it yields, where others may have their turn. */
export type Steps<T> = Generator<undefined, T, undefined>

const turnMs = 10

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  let began = performance.now()
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    if (performance.now() - began < turnMs) continue
    await setImmediate()
    began = performance.now()
  }
}
