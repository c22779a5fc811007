/** Where a store is copied to, and how a command is told of it. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Place, TestEngine } from './engines.ts'
import type { Lasting } from './server.ts'

/** A store as a command is given it. */
export function urlOf({ dataDir, databaseUrl }: Pick<Place, 'dataDir' | 'databaseUrl'>): string {
  return databaseUrl ?? `sqlite:${dataDir}`
}

/** A new place, with the root key of another. */
export async function emptyPlace(t: Lasting, engine: TestEngine, from: Place): Promise<Place> {
  const place = await engine.makePlace()
  t.after(() => place.clear())
  copyFileSync(join(from.dataDir, 'root.key'), join(place.dataDir, 'root.key'))
  return place
}
