/**
 * A root key that no one person has: it is split into shares, and whole in memory once enough of them were given. Nothing of it
 * is kept anywhere.
 *
 *   wrapped = 0x01 | threshold u4 | count u4 | set's id 8 | sealed message (aead.ts), bound to what is before it and the context
 */
import { Refusal } from '../../errors.ts'
import { open, seal } from '../aead.ts'
import { ProviderTrouble, type RootKeyProvider } from './provider.ts'
import type { Shares } from './shares.ts'

const version = 1
const idAt = 2
const sealedAt = 10
/** A set has one key. */
const keyVersion = 0

export function shamirKey({ shares }: { readonly shares: Shares }): RootKeyProvider {
  const { threshold, count } = shares
  const name = `${threshold}/${count}`
  const nameOf = (id: string | undefined) => (id === undefined ? name : `${name}-${id}`)
  const locked = () => {
    const { have } = shares.progress
    const are = have === 1 ? 'is' : 'are'
    return new ProviderTrouble('locked', `${threshold} of its ${count} shares open it, and ${have} ${are} here.`)
  }
  return {
    kind: 'shamir',
    get id() {
      return nameOf(shares.id)
    },
    get newestId() {
      return nameOf(shares.newest)
    },
    shown: `shamir:${name}`,
    ask: () => shares.ask(),
    wrap: async (plain, context) => {
      if (shares.id === undefined) throw nothingYet(`shamir:${name}`)
      const key = shares.keyOf(shares.id)
      if (key === undefined) throw locked()
      const head = Buffer.concat([Buffer.of(version, (threshold << 4) | count), Buffer.from(shares.id, 'hex')])
      return Buffer.concat([head, seal(key, plain, Buffer.concat([head, context]), keyVersion)])
    },
    unwrap: async (wrapped, context) => {
      if (wrapped.length <= sealedAt || wrapped[0] !== version || wrapped[1] !== ((threshold << 4) | count)) {
        return undefined
      }
      const id = Buffer.from(wrapped.subarray(idAt, sealedAt)).toString('hex')
      shares.want(id)
      const key = shares.keyOf(id)
      if (key === undefined) throw locked()
      try {
        const bound = Buffer.concat([wrapped.subarray(0, sealedAt), context])
        return open(key, wrapped.subarray(sealedAt), bound, keyVersion)
      } catch (error) {
        if (error instanceof Refusal) return undefined
        throw error
      }
    },
  }
}

function nothingYet(shown: string): Refusal {
  return new Refusal(
    'invalid',
    `Nothing in this store is wrapped by ${shown} yet. "strongroom rewrap --add ${shown}" makes its shares, with root keys in the settings that open the store.`,
  )
}
