/** Copies a whole store into an empty one of either kind, and proves the copy before it says so. */
import { openArchive } from '../archive/place.ts'
import type { Config } from '../config.ts'
import { Refusal } from '../errors.ts'
import { openVault } from '../open.ts'
import type { Snapshot } from '../store/dump/dump.ts'
import type { Table } from '../store/tables/table.ts'
import { tables } from '../store/tables/tables.ts'
import { fillStoreAt, readStoreAt, type StoreLocation, takeStoreAt } from './location.ts'
import { type Contents, ContentsCounter, type Manifest } from './part.ts'
import { type Proof, proveContents, proveVault } from './verify-copy.ts'
import type { Watch } from './watch.ts'

/** About so many values are opened in the copy. */
const sample = 1000

export type OnProgress = (table: string, rows: number) => void

/**
 * @param config the settings of the store, but for where it is
 * @throws Refusal `invalid` when the target is not empty or the source is in use, `integrity_failure` when the copy is
 *   not whole, `outcome_unknown` when the source was written to meanwhile
 */
export async function transfer(
  config: Config,
  from: StoreLocation,
  to: StoreLocation,
  onProgress: OnProgress,
): Promise<Proof> {
  const letGo = takeStoreAt(from)
  try {
    const source = await readStoreAt(from)
    let manifest: Manifest
    try {
      manifest = await copy(source, to, onProgress)
    } finally {
      await source.close()
    }
    const proof = await prove(config, to, manifest, (versions) => Math.max(1, Math.floor(versions / sample)))
    await refuseIfWritten(from, manifest)
    return proof
  } finally {
    letGo()
  }
}

/** Proves a store that was just filled. @param everyOf how many values of so many are left out for each one opened */
export async function prove(
  config: Config,
  location: StoreLocation,
  manifest: Manifest,
  everyOf: (versions: number) => number,
  watch?: Watch,
): Promise<Proof> {
  const copied = await readStoreAt(location)
  try {
    await proveContents(copied, manifest, watch)
  } finally {
    await copied.close()
  }
  // Opening seals anew what an older version left: what is proven then is what will be served.
  const { vault, close } = await openVault({ ...config, ...location })
  try {
    const snapshot = await readStoreAt(location)
    try {
      const files = config.auditArchive === undefined ? undefined : await openArchive(config.auditArchive)
      return await proveVault(vault, snapshot, manifest, { everyOf, watch, files })
    } finally {
      await snapshot.close()
    }
  } finally {
    await close()
  }
}

async function copy(source: Snapshot, to: StoreLocation, onProgress: OnProgress): Promise<Manifest> {
  const contents = new Map<string, Contents>()
  const filling = await fillStoreAt(to)
  try {
    for (const table of tables) {
      const counter = new ContentsCounter()
      let rows = 0
      for await (const page of source.rows(table)) {
        counter.add(page)
        await filling.insert(table, page)
        rows += page.length
        onProgress(table.name, rows)
      }
      contents.set(table.name, counter.contents())
    }
    if (contents.get('accounts')?.rows === 0) {
      throw new Refusal('invalid', 'The source is no store yet: it has no account. Nothing was changed.')
    }
    await filling.commit()
    return contents
  } finally {
    await filling.close()
  }
}

/** Every operation leaves a record, and with it another size of a trail: what came too late for the copy shows. */
async function refuseIfWritten(from: StoreLocation, manifest: Manifest): Promise<void> {
  const accounts = tables.find(({ name }) => name === 'accounts') as Table
  const now = await readStoreAt(from)
  try {
    const counter = new ContentsCounter()
    for await (const page of now.rows(accounts)) counter.add(page)
    if (counter.contents().sha256 === manifest.get('accounts')?.sha256) return
  } finally {
    await now.close()
  }
  throw new Refusal(
    'outcome_unknown',
    'The copy is whole, but the source was written to meanwhile, and the copy lacks that. Stop every node, empty the target, and run this again.',
  )
}
