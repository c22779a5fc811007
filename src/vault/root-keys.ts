/**
 * Watches the root keys while the server runs. What is open stays open: that one cannot be used is for the operator to
 * know before the next start, and no reason to answer nobody.
 */
import type { RootFinding } from '../crypto/master-key.ts'
import type { Vault } from './vault.ts'

const intervalMs = 60_000
/** So many failures in a row are told of, and so many answers end it: one that is lost is nothing. */
const inARow = 2

/** How many times in a row a root key was found as it was last. */
interface Streak {
  readonly isUp: boolean
  readonly times: number
}

/**
 * @param onFound told of each root key, each time
 * @returns what ends it
 */
export function watchRootKeys(
  vault: Vault,
  onFound: (finding: RootFinding) => void,
  onError: () => void,
  everyMs = intervalMs,
): () => void {
  const watch = new RootKeyWatch(vault)
  let isBusy = false
  const look = async () => {
    if (isBusy) return
    isBusy = true
    try {
      for (const finding of await watch.look()) onFound(finding)
    } catch {
      onError()
    } finally {
      isBusy = false
    }
  }
  void look()
  const timer = setInterval(look, everyMs).unref()
  return () => clearInterval(timer)
}

interface Watched extends Pick<Vault, 'findRootKeys'> {
  readonly store: Pick<Vault['store'], 'conditions'>
}

export class RootKeyWatch {
  readonly #vault: Watched
  readonly #streaks = new Map<string, Streak>()
  /** What has been told of, until it is over. */
  readonly #down = new Set<string>()

  constructor(vault: Watched) {
    this.#vault = vault
  }

  /** Asks every root key, and begins or ends the condition `root_key`. */
  async look(): Promise<readonly RootFinding[]> {
    const findings = await this.#vault.findRootKeys()
    const isAnyUp = findings.some(({ state }) => state === 'opens')
    for (const { shown, state } of findings) {
      // That people would have to open it is as it should be, while they need not.
      this.#count(shown, state === 'opens' || (state === 'locked' && isAnyUp))
    }
    const down = findings.filter(({ shown }) => this.#down.has(shown))
    const { conditions } = this.#vault.store
    if (down.length === 0) conditions.end('root_key')
    else conditions.begin({ name: 'root_key', detail: detailOf(down, findings.length), isRefusing: false })
    return findings
  }

  #count(shown: string, isUp: boolean): void {
    const before = this.#streaks.get(shown)
    const times = before?.isUp === isUp ? before.times + 1 : 1
    this.#streaks.set(shown, { isUp, times })
    if (times < inARow) return
    if (isUp) this.#down.delete(shown)
    else this.#down.add(shown)
  }
}

function detailOf(down: readonly RootFinding[], all: number): string {
  const each = down
    .map(({ shown, state, detail }) => `${shown} is ${state}${detail === '' ? '.' : `: ${detail}`}`)
    .join(' ')
  const rest =
    down.length === all
      ? 'No root key opens the store now: a server that starts would wait.'
      : 'Another one opens the store.'
  return `${each} ${rest}`
}
