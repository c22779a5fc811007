/** One reading of an account's trail on a node, for all who listen to it. */
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { type Action, type AuditRecord, actions, changeActions, isPlaced } from '../audit/record.ts'
import { Refusal } from '../errors.ts'
import type { Store } from '../store/store.ts'
import type { Event } from './event.ts'
import { eventFor, type FollowedRecord, hidingPlaces, type Viewer } from './event-view.ts'

/**
 * Why somebody is told no more. `behind`: they do not take what is sent. `lost`: the end of the trail was lost, or what they were still
 * to be told of was archived.
 */
export type Ending = 'unauthenticated' | 'forbidden' | 'not_found' | 'stopping' | 'behind' | 'lost'

/** Where events go. */
export interface Sink {
  /** In the order of the trail. @param position all up to here has been given */
  give(events: readonly Event[], position: number): void
  /** Resolves when more may be given. */
  ready(): Promise<void>
  end(reason: Ending): void
}

/** Somebody who listens. */
export interface Member {
  readonly sink: Sink
  viewer: Viewer
  /** All up to here has been given. */
  position: number
  isOver: boolean
  /** Who asks from where: for all that have the same, it is asked once what they may. */
  readonly identity: string
  /** Asks again what they may. @throws Refusal when they may not listen any more */
  readonly renew: () => Promise<Viewer>
}

/** Sequence numbers that one statement goes through. */
const window = 10_000
/** Records that it finds, at most. */
const pageLimit = 500
/** What comes within so many milliseconds goes together. */
const pauseMs = 10
/** A database that is away is asked again. */
const awayMs = 500
/** How often it is asked what somebody may, though nothing was recorded that changes it. */
const renewMs = 30_000
/** Clocks may differ by a little: what should have ended is asked about no more often. */
const leastPauseMs = 50

/** By which a right may end or become another; more of them would cost a question, and fewer a right that goes on. */
const rightsActions: readonly Action[] = actions.filter(
  (action) => !isPlaced(action) && !/\.(list|read|verify|listen|begin|open|oidc)$|^authenticate$/.test(action),
)
const ofRights: ReadonlySet<string> = new Set(rightsActions)
/** What is read where nobody listens who may see more. */
const relevant: readonly Action[] = [...new Set([...changeActions, ...rightsActions])]

/** Of the store, what is read here. */
export type Trail = Pick<Store, 'auditSize' | 'recordsAmong' | 'secretNamed'> & {
  readonly segments: Pick<Store['segments'], 'newestAway'>
}

export class Feed {
  readonly #store: Trail
  readonly #accountId: number
  readonly #now: () => number
  readonly #members = new Set<Member>()
  /** Everything up to here was given to all members. */
  #position = 0
  #isAwake = false
  #isRunning = false
  #isRenewalDue = false
  #renewedAt = performance.now()
  #reading: Promise<void> = Promise.resolve()
  #isReading = false
  #timer: NodeJS.Timeout | undefined

  /** @param now milliseconds since 1970, as keys end */
  constructor(store: Trail, accountId: number, now: () => number) {
    this.#store = store
    this.#accountId = accountId
    this.#now = now
  }

  /** Reads on, as the trail may have grown. */
  wake(): void {
    this.#isAwake = true
    if (!this.#isRunning && this.#members.size > 0) void this.#run()
  }

  /**
   * Gives what a member has missed, and then what comes.
   *
   * @param size how long the trail was as they asked: resolves when they have all of it, however far this has read
   */
  async join(member: Member, size: number): Promise<void> {
    let hasBegun = false
    while (!member.isOver) {
      // Each wait may end among others that are told: what they are told of is missed from then on.
      if (this.#isReading) await this.#reading
      else if (this.#members.size === 0 && !hasBegun) {
        await this.#begin()
        hasBegun = true
      } else {
        const upTo = Math.max(this.#position, size)
        if (member.position >= upTo) break
        await this.#catchUp(member, upTo)
      }
    }
    if (member.isOver) return
    this.#members.add(member)
    this.#schedule()
    this.wake()
  }

  get isIdle(): boolean {
    return this.#members.size === 0
  }

  /** Ends what every member listens to. */
  endAll(reason: Ending): void {
    for (const member of [...this.#members]) this.#end(member, reason)
  }

  leave(member: Member): void {
    this.#members.delete(member)
    if (this.#members.size === 0) clearTimeout(this.#timer)
  }

  /** Where nobody listens, nothing was read. */
  async #begin(): Promise<void> {
    const size = await this.#store.auditSize(this.#accountId)
    if (this.#members.size === 0) this.#position = size
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    while (this.#isAwake && this.#members.size > 0) {
      this.#isAwake = false
      let pause = pauseMs
      this.#isReading = true
      this.#reading = this.#advance().catch(() => {
        // Nobody is told of what is not known: it is read again.
        this.#isAwake = true
        pause = awayMs
      })
      await this.#reading
      this.#isReading = false
      await setTimeout(pause, undefined, { ref: false })
    }
    this.#isRunning = false
  }

  async #advance(): Promise<void> {
    const size = await this.#store.auditSize(this.#accountId)
    if (size < this.#position) return this.#lose(size)
    if (this.#isRenewalDue) await this.#renew([...this.#members])
    while (this.#position < size && this.#members.size > 0) {
      // Those who come meanwhile join when this is done.
      const members = [...this.#members]
      const { records, reached } = await this.#readFor(members, this.#position, size, () => this.#renew(members))
      const hasName = await this.#namesFor(members, records)
      const isWhole = await this.#isWhole(this.#position, reached)
      const shared = new Map<string, Event>()
      for (const member of members) {
        if (isWhole) give(member, records, reached, hasName, shared)
        else this.#end(member, 'lost')
      }
      this.#position = reached
    }
  }

  async #catchUp(member: Member, upTo: number): Promise<void> {
    await member.sink.ready()
    if (member.isOver) return
    const renew = () => this.#renewOne(member, member.renew())
    const { records, reached } = await this.#readFor([member], member.position, upTo, renew)
    const hasName = await this.#namesFor([member], records)
    if (await this.#isWhole(member.position, reached)) give(member, records, reached, hasName, new Map())
    else this.#end(member, 'lost')
  }

  /** Whether all that was just read was there: asked afterwards, as records may be archived while others are read. */
  async #isWhole(after: number, reached: number): Promise<boolean> {
    return (await this.#store.segments.newestAway(this.#accountId, after + 1, reached)) === undefined
  }

  /** What members may be told by the rights that they have after it. @param renew asks what these are */
  async #readFor(members: readonly Member[], after: number, size: number, renew: () => Promise<void>) {
    const isWhole = members.some(isAuditor)
    const read = await this.#read(after, size, isWhole)
    if (!mayEndRights(read.records)) return read
    await renew()
    // Of what whoever may see more since then is told, not all was read.
    return !isWhole && members.some(isAuditor) ? this.#read(after, size, true) : read
  }

  async #read(after: number, size: number, isWhole: boolean) {
    const upTo = Math.min(size, after + window)
    const stretch = { after, upTo, limit: pageLimit, ...(isWhole ? {} : { changes: relevant }) }
    const found = await this.#store.recordsAmong(this.#accountId, stretch)
    const records = found.map(
      ({ record, aside }): FollowedRecord => (aside === undefined ? record : { ...record, aside }),
    )
    const last = records.at(-1)
    return { records, reached: found.length === pageLimit && last !== undefined ? last.seq : upTo }
  }

  /** Looks for what may hide something of a base from somebody. */
  async #namesFor(members: readonly Member[], records: readonly AuditRecord[]) {
    const wanted = new Map<string, { readonly environmentId: number; readonly name: string }>()
    for (const { viewer } of members) {
      if (viewer.listener.chain.length === 1) continue
      for (const record of records) {
        const name = record.object?.name ?? ''
        for (const environmentId of hidingPlaces(viewer, record)) {
          wanted.set(`${environmentId} ${name}`, { environmentId, name })
        }
      }
    }
    const accountId = this.#accountId
    const there = new Set<string>()
    for (const [key, { environmentId, name }] of wanted) {
      if ((await this.#store.secretNamed({ accountId, environmentId }, name)) !== undefined) there.add(key)
    }
    return (environmentId: number, name: string) => there.has(`${environmentId} ${name}`)
  }

  /** Asks anew what members may, once for all who have the same identity; who may not listen any more is told so. */
  async #renew(members: readonly Member[]): Promise<void> {
    this.#isRenewalDue = false
    this.#renewedAt = performance.now()
    const asked = new Map<string, Promise<Viewer>>()
    await Promise.all(
      members.map(async (member) => {
        const viewer = asked.get(member.identity) ?? member.renew()
        asked.set(member.identity, viewer)
        await this.#renewOne(member, viewer)
      }),
    ).catch((error: unknown) => {
      this.#isRenewalDue = true
      throw error
    })
    this.#schedule()
  }

  async #renewOne(member: Member, viewer: Promise<Viewer>): Promise<void> {
    try {
      member.viewer = { ...(await viewer), filter: member.viewer.filter }
    } catch (error) {
      this.#refuse(member, error)
    }
  }

  /** @throws what says nothing of a right: it is asked again, and nothing is given meanwhile */
  #refuse(member: Member, error: unknown): void {
    const code = error instanceof Refusal ? error.code : undefined
    if (code !== 'unauthenticated' && code !== 'forbidden' && code !== 'not_found') throw error
    this.#end(member, code)
  }

  /** Rights end by themselves, too: then, or now and then, it is asked anew. */
  #schedule(): void {
    clearTimeout(this.#timer)
    if (this.#members.size === 0) return
    const ends = [...this.#members].flatMap(({ viewer: { listener } }) => listener.endsAt ?? [])
    const due = this.#renewedAt + renewMs - performance.now()
    const next = ends.reduce((soonest, end) => Math.min(soonest, end - this.#now()), due)
    this.#timer = globalThis
      .setTimeout(
        () => {
          this.#isRenewalDue = true
          this.wake()
        },
        Math.max(next + 1, leastPauseMs),
      )
      .unref()
  }

  /** The database has lost the end of the trail: whoever was told of it starts anew. */
  #lose(size: number): void {
    this.#position = size
    for (const member of [...this.#members]) if (member.position > size) this.#end(member, 'lost')
  }

  #end(member: Member, reason: Ending): void {
    this.#members.delete(member)
    if (member.isOver) return
    member.isOver = true
    member.sink.end(reason)
  }
}

function isAuditor({ viewer }: Member): boolean {
  return viewer.isAuditor
}

function mayEndRights(records: readonly AuditRecord[]): boolean {
  return records.some(({ action, outcome }) => ofRights.has(action) && outcome === 'ok')
}

function give(
  member: Member,
  records: readonly FollowedRecord[],
  reached: number,
  hasName: (environmentId: number, name: string) => boolean,
  shared: Map<string, Event>,
): void {
  if (member.isOver || reached <= member.position) return
  const events = records.flatMap((record) => {
    if (record.seq <= member.position) return []
    const event = eventFor(member.viewer, record, hasName)
    if (event === undefined) return []
    // One of each kind for all, so that it is written once.
    const kind = `${event.id} ${event.action} ${event.principal !== undefined} ${event.isInherited} ${event.environment}`
    const known = shared.get(kind) ?? event
    shared.set(kind, known)
    return [known]
  })
  member.position = reached
  member.sink.give(events, reached)
}
