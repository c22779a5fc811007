/** Gives back the room that the start took and the server does not need afterwards: a sixth of all. */
import { collectAll } from '../../collect.ts'
import type { Vault } from '../../vault/vault.ts'

/** How long after the start it is looked first whether anybody waits, and how often until nobody does. */
const lookMs = 1_000

/** Whoever asks at that time is answered first. */
export function collectOnceIdle(store: Pick<Vault['store'], 'backlog' | 'collect'>, onError: () => void): void {
  const timer = setInterval(() => {
    const { waiting, sent } = store.backlog()
    if (waiting + sent > 0) return
    clearInterval(timer)
    collectAll()
    store.collect().catch(onError)
  }, lookMs).unref()
}
