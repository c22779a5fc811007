/** Which templates lead to a secret: whoever reads one of them is given its value, too. */
import type { EnvironmentRef } from '../model/environment.ts'
import { chainOf } from '../model/environment.ts'
import type { Secret } from '../model/secret.ts'
import { parseText } from '../render/text.ts'
import type { Grounds } from '../store/probe.ts'
import { Pace } from './scan-in-turns.ts'
import { openStored } from './secrets.ts'
import { type Asker, type Vault, verifyAll } from './vault.ts'

/** So many templates of an environment are looked at. */
const maxTemplates = 1000
/** Values that are opened before the next ones are read. */
const openedAtOnce = 50

/** A template, and what it refers to. */
interface Referring {
  readonly secret: Secret
  readonly names: ReadonlySet<string>
}

/** The templates of an account's environments, each environment read once. */
export class LeadingTemplates {
  readonly #vault: Vault
  readonly #asker: Asker
  readonly #grounds: Pick<Grounds, 'account' | 'environments' | 'now'>
  readonly #byEnvironment = new Map<number, readonly Referring[]>()
  /** Whether every template was looked at. */
  isComplete = true

  constructor(vault: Vault, asker: Asker, grounds: Pick<Grounds, 'account' | 'environments' | 'now'>) {
    this.#vault = vault
    this.#asker = asker
    this.#grounds = grounds
  }

  /** Those that lead to a secret where they are resolved in the environment, which has it: by others, too. */
  async in({ id }: EnvironmentRef, secret: Pick<Secret, 'name'>): Promise<readonly Secret[]> {
    const { environments } = this.#grounds
    const chain = chainOf(id, (one) => environments.find((environment) => environment.id === one))
    const byName = new Map<string, Referring>()
    // The nearest of a name counts.
    for (const environmentId of chain.toReversed()) {
      for (const one of await this.#of(environmentId)) byName.set(one.secret.name, one)
    }
    const leading = new Set([secret.name])
    const found: Secret[] = []
    for (let isMore = true; isMore; ) {
      const more = [...byName.values()].filter(
        ({ secret: { name }, names }) => !leading.has(name) && [...names].some((one) => leading.has(one)),
      )
      for (const { secret: template } of more) {
        leading.add(template.name)
        found.push(template)
      }
      isMore = more.length > 0
    }
    return found
  }

  async #of(environmentId: number): Promise<readonly Referring[]> {
    const known = this.#byEnvironment.get(environmentId)
    if (known !== undefined) return known
    const { account, now } = this.#grounds
    const search = { words: [], environmentId, type: 'template' } as const
    const listing = { search, order: 'created', isDown: false, after: undefined, limit: maxTemplates + 1, now } as const
    const ids: number[] = []
    for await (const { secrets } of this.#vault.store.secretPages(account.id, listing)) {
      ids.push(...secrets.map(({ id }) => id))
    }
    if (ids.length > maxTemplates) this.isComplete = false
    const found = await this.#open(ids.slice(0, maxTemplates))
    this.#byEnvironment.set(environmentId, found)
    return found
  }

  async #open(ids: readonly number[]): Promise<readonly Referring[]> {
    const found: Referring[] = []
    const pace = new Pace()
    for (let at = 0; at < ids.length; at += openedAtOnce) {
      const stored = await this.#vault.store.storedOf(this.#grounds.account.id, ids.slice(at, at + openedAtOnce))
      const rows = stored.map(({ secret }) => secret)
      await verifyAll(this.#vault, this.#asker, 'secrets', rows, 'secret.access')
      for (const one of stored) {
        if (one.secret.type !== 'template' || one.secret.destroyedAt !== null) continue
        const { value } = await openStored(this.#vault, this.#asker, one)
        const { references } = parseText(value.toString(), 'value')
        found.push({ secret: one.secret, names: new Set(references.map(({ name }) => name)) })
        await pace.after(10)
      }
    }
    return found
  }
}
