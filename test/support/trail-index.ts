/** Makes the index of audit logs at once, with segments so short that there are some. */
import type { Shape } from '../../src/audit/trail-index.ts'
import { indexTrails } from '../../src/vault/trail-indexing.ts'
import type { Vault } from '../../src/vault/vault.ts'

export const shortShape: Shape = { segment: 32, stretch: 4 }

/** Of all whole segments that there are by now, after what is archived. */
export async function indexNow(vault: Vault, shape = shortShape): Promise<void> {
  let left = 0
  for (const { id, auditSize } of await vault.store.accounts()) {
    const away = (await vault.store.segments.newestAway(id, 1, auditSize))?.lastSeq ?? 0
    left += Math.max(0, Math.floor(auditSize / shape.segment) - Math.ceil(away / shape.segment))
  }
  if (left === 0) throw new Error('There is no whole segment.')
  const pace = { lookMs: 20, lookAtAllMs: 20, rest: 0 }
  await new Promise<void>((resolve, onError) => {
    const stop = indexTrails(vault, { shape, pace, onError, onSegment: () => --left === 0 && resolve(stop()) })
  })
}
