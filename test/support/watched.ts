/** A vault whose store is watched: what it is asked, and a moment before one of it. */
import type { Vault } from '../../src/vault/vault.ts'

/**
 * Notes what the store is asked.
 *
 * @param last before the first operation of this kind something is done
 */
export function watched(vault: Vault, last: string, before: () => Promise<unknown> = async () => {}) {
  const kinds: string[] = []
  const store = new Proxy(vault.store, {
    get(target, name) {
      const own = Reflect.get(target, name)
      if (name !== 'submit') return typeof own === 'function' ? own.bind(target) : own
      return async (request: Parameters<typeof target.submit>[0]) => {
        const { kind } = request.operation
        const isFirst = kind === last && !kinds.includes(kind)
        kinds.push(kind)
        if (isFirst) await before()
        return target.submit(request)
      }
    },
  })
  return { vault: { ...vault, store }, kinds }
}
