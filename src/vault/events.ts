/** Events: listening to what happens in an account. */
import { newestAway } from './archived.ts'
import { type EventFilter, viewerOf } from './event-view.ts'
import type { Member, Sink } from './feed.ts'
import { type Asker, ask, type Vault } from './vault.ts'

export type { Event } from './event.ts'
export type { EventFilter } from './event-view.ts'
export type { Ending, Sink } from './feed.ts'

/** What a listener is granted before it begins. */
export interface Listening {
  readonly accountId: number
  /** All that comes after this number is told. */
  readonly position: number
  /** Whether something may have been missed: records between what was asked for and the position are not there any more. */
  readonly isMissing: boolean
  /** Begins; what it gives comes in the order of the trail. Resolves when all that was there is given. */
  begin(sink: Sink): Promise<void>
  /** Gives the place back. */
  end(): void
}

/**
 * Lets somebody listen, without a record: a refusal leaves one.
 *
 * @param after goes on after this record; without it, from now on
 * @throws Refusal `forbidden`, `not_found` of an environment; `rate_limited`, `overloaded` when too many listen
 */
export async function listen(
  vault: Vault,
  asker: Asker,
  filter: EventFilter,
  after: number | undefined,
): Promise<Listening> {
  const stranger = await ask(vault, asker, { kind: 'listen' })
  const { accountId } = stranger
  const giveBack = vault.listeners.take(stranger)
  try {
    const size = await vault.store.auditSize(accountId)
    const asked = Math.min(after ?? size, size)
    const away = asked < size ? await newestAway(vault, accountId, asked + 1, size) : undefined
    // What is archived is told of by nobody: it goes on where the database begins.
    const position = away?.lastSeq ?? asked
    const isMissing = (after ?? 0) > position || position > asked || (await isGap(vault, accountId, position, size))
    // Asked once the position is known: a right that ends from here on ends by a record behind it, which is read.
    const listener = await ask(vault, asker, { kind: 'listen' })
    let member: Member | undefined
    return {
      ...{ accountId, position, isMissing },
      begin: (sink) => {
        const renew = async () => viewerOf(await ask(vault, asker, { kind: 'listen' }), filter)
        const { caller, address, environment } = asker
        const identity = JSON.stringify([caller, address, environment?.name])
        member = { sink, viewer: viewerOf(listener, filter), position, isOver: false, identity, renew }
        return vault.listeners.add(accountId, member, size)
      },
      end: () => {
        if (member !== undefined) vault.listeners.remove(accountId, member)
        giveBack()
      },
    }
  } catch (error) {
    giveBack()
    throw error
  }
}

/** Whether the first record after a position is not there any more. */
async function isGap({ store }: Vault, accountId: number, position: number, size: number): Promise<boolean> {
  if (position >= size) return false
  const [next] = await store.recordsAfter(accountId, position, 1)
  return next?.record.seq !== position + 1
}
