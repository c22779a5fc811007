/** The hosts of a database: which of them is the primary, also after a failover that left a stale one behind. */
import { setTimeout } from 'node:timers/promises'
import { databaseUrlFault, readDatabaseUrl } from '../../database-url.ts'
import { Refusal } from '../../errors.ts'
import { type Connection, type Host, open, unusable, withoutOptions } from './connect.ts'
import { Unusable } from './unusable.ts'

/** Once a primary was found, how long it is waited for another that is newer. */
const graceMs = 500
/** How often all hosts are asked, though nothing is in doubt. */
const watchMs = 5_000

interface Standing {
  readonly host: Host
  /** Which cluster it is of, and how often a standby of it has taken over; empty and 0 where nobody says. */
  readonly system: string
  readonly timeline: number
}

export class Hosts {
  #all: readonly Host[]
  readonly #place: string
  /** Asked for only once it is in doubt, where there is but one. */
  #primary: Host | undefined
  /** Who was it before, or may be. */
  #former: Host
  #newest: Standing | undefined
  #looking: Promise<Host> | undefined
  readonly #listeners: ((primary: Host | undefined) => void)[] = []

  /** @throws Refusal `invalid` for a faulty URL */
  constructor(url: string) {
    const wrong = databaseUrlFault(url)
    if (wrong !== undefined) throw new Refusal('invalid', `The URL of the database ${wrong}.`)
    const { urls, place } = readDatabaseUrl(url)
    this.#all = urls.map((one) => ({ url: one, settings: {} }))
    this.#place = place
    this.#former = { url: urls[0], settings: {} }
    if (urls.length === 1) this.#primary = this.#former
  }

  /** The host to connect to, looked for when it is not known. */
  async primary(): Promise<Host> {
    return this.#primary ?? this.#look()
  }

  /** The same, or who was it before, or may be. */
  get current(): Host {
    return this.#primary ?? this.#former
  }

  /** @param tell called with the primary when another one was found, and with nothing when the only one is in doubt */
  onChange(tell: (primary: Host | undefined) => void): void {
    this.#listeners.push(tell)
  }

  /**
   * After a time-out, a broken connection or an unknown outcome: of several hosts all are asked at once who is the primary;
   * a single one may be a name or a proxy that leads elsewhere now.
   */
  doubt(): void {
    if (this.#all.length === 1) {
      this.#tell(undefined)
    } else {
      this.#former = this.#primary ?? this.#former
      this.#primary = undefined
      this.#look().catch(() => {})
    }
  }

  /**
   * Asks all hosts now and then, where there are several: a primary that was left behind may go on without a fault, and what
   * it took would be lost.
   *
   * @returns what ends it
   */
  watch(): () => void {
    if (this.#all.length === 1) return () => {}
    const timer = setInterval(() => void this.#look().catch(() => {}), watchMs).unref()
    return () => clearInterval(timer)
  }

  /** @returns whether it is worth another try at once: elsewhere, or without what the host does not take */
  mayBeElsewhere(host: Host, error: unknown): boolean {
    const plain = withoutOptions(host, error)
    if (plain !== undefined) {
      this.#all = this.#all.map((one) => (one.url === host.url ? plain : one))
      if (this.#primary?.url === host.url) this.#primary = plain
      return true
    }
    this.doubt()
    return this.#all.length > 1
  }

  /** As a refusal, which names the database and nothing else of the URL. */
  refusal(error: unknown): Refusal {
    return error instanceof Refusal ? error : unusable(this.#place, [Unusable.of(error)])
  }

  #look(): Promise<Host> {
    this.#looking ??= this.#find().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #find(): Promise<Host> {
    const faults: Unusable[] = []
    const found: Standing[] = []
    const asked = this.#all.map(async (host) => {
      try {
        const standing = await standingOf(host)
        if (this.#isStale(standing))
          throw new Unusable('the server is a primary that another has taken over from', true)
        found.push(standing)
      } catch (error) {
        faults.push(Unusable.of(error))
      }
    })
    await firstOf(asked, () => found.length > 0)
    if (found.length > 0) await Promise.race([Promise.all(asked), setTimeout(graceMs)])
    this.#former = this.#primary ?? this.#former
    const best = this.#best(found)
    if (best === undefined) throw unusable(this.#place, faults)
    this.#newest = best
    this.#primary = best.host
    this.#tell(best.host)
    return best.host
  }

  #best(found: readonly Standing[]): Standing | undefined {
    const isFormer = ({ host }: Standing) => Number(host.url === this.#former.url)
    return found.toSorted((a, b) => b.timeline - a.timeline || isFormer(b) - isFormer(a))[0]
  }

  /** Whether a standby of the same cluster had taken over already. */
  #isStale({ system, timeline }: Standing): boolean {
    return system === this.#newest?.system && timeline < this.#newest.timeline
  }

  #tell(primary: Host | undefined): void {
    for (const tell of this.#listeners) tell(primary)
  }
}

/** Resolves once `isEnough`, or all are done. */
async function firstOf(asked: readonly Promise<void>[], isEnough: () => boolean): Promise<void> {
  const enough = asked.map(async (one) => {
    await one
    if (!isEnough()) throw new Error('Not yet.')
  })
  await Promise.any(enough).catch(() => {})
}

async function standingOf(host: Host): Promise<Standing> {
  const client = await open(host)
  try {
    return { host: client.to, ...(await lineOf(client)) }
  } finally {
    client.end().catch(() => {})
  }
}

/** The name of a segment of the WAL begins with its timeline, at once after a promotion. */
const lineQuery = `select system_identifier::text as system,
  ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int as timeline from pg_control_system()`

/** Services that only speak like PostgreSQL may have none. */
async function lineOf(client: Connection): Promise<{ readonly system: string; readonly timeline: number }> {
  try {
    const { rows } = await client.query<{ system: string; timeline: number }>(lineQuery)
    return rows[0] ?? { system: '', timeline: 0 }
  } catch {
    return { system: '', timeline: 0 }
  }
}
