/** Gives back the room that the start took and the server does not need afterwards, a sixth of all; and nothing later on. */
import { performance } from 'node:perf_hooks'
import { collectAll, keepCompiledCode } from '../../collect.ts'
import type { Vault } from '../../vault/vault.ts'

/** How long after the start it is looked first whether there is nothing to do, and how often until then. */
const lookMs = 1_000
/** Of the time since the last look, what the thread may have been at work: a few requests, where a load takes several times as much. */
const mostBusy = 0.1

/** Not among many requests, which would wait for it. */
export function collectOnceIdle(
  store: Pick<Vault['store'], 'backlog' | 'collect'>,
  onError: () => void,
  busySinceLast = watchBusy(),
): void {
  keepCompiledCode()
  const timer = setInterval(() => {
    const { waiting, sent } = store.backlog()
    if (busySinceLast() > mostBusy || waiting + sent > 0) return
    clearInterval(timer)
    collectAll()
    store.collect().catch(onError)
  }, lookMs).unref()
}

/** How much of the time since it was asked last this thread was at work. */
function watchBusy(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}
