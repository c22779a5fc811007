/** Makes the index of audit logs at once, with segments so short that there are some. */
import type { Shape } from '../../src/audit/trail-index.ts'
import { indexTrails } from '../../src/vault/trail-indexing.ts'
import type { Vault } from '../../src/vault/vault.ts'

export const shortShape: Shape = { segment: 32, stretch: 4 }

/** Of all whole segments that there are by now. */
export async function indexNow(vault: Vault, shape = shortShape): Promise<void> {
  const sizes = (await vault.store.accounts()).map(({ auditSize }) => auditSize)
  let left = sizes.reduce((sum, size) => sum + Math.floor(size / shape.segment), 0)
  const pace = { lookMs: 20, lookAtAllMs: 20, rest: 0 }
  await new Promise<void>((resolve, onError) => {
    const stop = indexTrails(vault, { shape, pace, onError, onSegment: () => --left === 0 && resolve(stop()) })
  })
}
