/** What an operator watches of the root keys, and of the keys that accounts have of their own. Each has the name that the settings give it, which holds nothing secret. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type RootKeyMetrics = ReturnType<typeof createRootKeyMetrics>

/** How a root key was found. */
export interface RootKeyFound {
  readonly shown: string
  readonly state: string
  readonly ms: number
}

/** Of a server that waits, too, which has no other metrics. */
export function createSealedGauge(registers: Registry[]) {
  return new Gauge({
    name: 'strongroom_sealed',
    help: 'Whether the server waits for a root key, and serves nothing else than its state.',
    registers,
  })
}

export function createRootKeyMetrics(registers: Registry[]) {
  return {
    sealed: createSealedGauge(registers),
    up: new Gauge({
      name: 'strongroom_root_key_up',
      help: 'Whether a root key of the settings opened the store, when it was last asked; it is asked each minute.',
      labelNames: ['provider'],
      registers,
    }),
    seconds: new Histogram({
      name: 'strongroom_root_key_duration_seconds',
      help: 'Time that a root key took to open the store, or not to.',
      labelNames: ['provider'],
      buckets: [0.001, 0.01, 0.05, 0.25, 1, 2.5, 5, 10],
      registers,
    }),
    failures: new Counter({
      name: 'strongroom_root_key_failures_total',
      help: 'Times that a root key did not open the store: it is away, denied, unused (wraps nothing here), foreign (of another store) or wrong (opened to something else).',
      labelNames: ['provider', 'reason'],
      registers,
    }),
    accounts: new Gauge({
      name: 'strongroom_account_key_up',
      help: 'Whether the key of an account opens, by its id, of each that keeps it with a provider of its own.',
      labelNames: ['account'],
      registers,
    }),
  }
}

/** @param states of those accounts, and no others */
export function showAccountKeys(
  { accounts }: RootKeyMetrics,
  states: readonly { readonly accountId: number; readonly closedFor: string | null }[],
): void {
  accounts.reset()
  for (const { accountId: account, closedFor } of states) accounts.set({ account }, closedFor === null ? 1 : 0)
}

export function showRootKey(
  { up, seconds, failures }: RootKeyMetrics,
  { shown: provider, state, ms }: RootKeyFound,
): void {
  // People have it, and nobody asked them: it is neither up nor down.
  if (state === 'locked') return
  const isUp = state === 'opens'
  up.set({ provider }, isUp ? 1 : 0)
  seconds.observe({ provider }, ms / 1000)
  if (!isUp) failures.inc({ provider, reason: state })
}
