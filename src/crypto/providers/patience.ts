/** How long providers are waited for together, however often they are asked. */
import { setTimeout } from 'node:timers/promises'
import { ProviderTrouble, patienceMs, type RootKeyProvider } from './provider.ts'

/** Begins when it is made. Once it is over, providers are away, and what they answer later is wiped. */
export class Patience {
  readonly #end: Promise<never>

  constructor(ms = patienceMs) {
    this.#end = setTimeout(ms, undefined, { ref: false }).then(() => {
      throw new ProviderTrouble('away', 'The provider takes too long.')
    })
    this.#end.catch(() => {})
  }

  /** The same provider, waited for no longer. */
  with(provider: RootKeyProvider): RootKeyProvider {
    return {
      ...provider,
      wrap: (plain, context) => this.#within(provider.wrap(plain, context)),
      unwrap: (wrapped, context) => this.#within(provider.unwrap(wrapped, context)),
    }
  }

  async #within<T extends Uint8Array | undefined>(answer: Promise<T>): Promise<T> {
    let isOver = false
    answer.then(
      (late) => isOver && late?.fill(0),
      () => {},
    )
    try {
      return await Promise.race([answer, this.#end])
    } catch (error) {
      isOver = true
      throw error
    }
  }
}
