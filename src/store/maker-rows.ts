/** The columns that say who made something, and what they mean. */
import type { Principal } from '../model/principal.ts'

export interface MakerRow {
  maker_kind: string | null
  maker_id: number | null
  maker_name: string | null
}

export function toMaker({ maker_kind: kind, maker_id: id, maker_name: name }: MakerRow): Principal | null {
  return kind === null ? null : { kind: kind as Principal['kind'], id: id ?? 0, name: name ?? '' }
}

/** The values, in the order of the columns. */
export function makerValues(maker: Principal | null): [string | null, number | null, string | null] {
  return [maker?.kind ?? null, maker?.id ?? null, maker?.name ?? null]
}
