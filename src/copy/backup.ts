/** A backup: two parts of text, made of one snapshot; and a store that is filled with them. */
import { randomBytes } from 'node:crypto'
import type { Config } from '../config.ts'
import { rootKeyNames } from '../crypto/master-key.ts'
import type { Snapshot } from '../store/dump/dump.ts'
import { masterKeyName } from '../store/keyring-queries.ts'
import { accounts } from '../store/tables/account.ts'
import { customerKeys } from '../store/tables/customer-key.ts'
import { meta } from '../store/tables/meta.ts'
import { fillStoreAt, readBusyStoreAt, type StoreLocation } from './location.ts'
import { type Manifest, type PartName, readPart, writePart } from './part.ts'
import { prove } from './transfer.ts'
import { each, type Proof } from './verify-copy.ts'
import { counted, type Watch } from './watch.ts'

/** Takes the text of a part; resolves when all of it is kept. */
export type KeepPart = (part: PartName, text: AsyncIterable<string>) => Promise<void>
export type OpenPart = (part: PartName) => AsyncIterable<Uint8Array>

/** Values first: they refer to no key by themselves. Keys last. */
const order: readonly PartName[] = ['values', 'keys']

/** @returns the backup's id, the root keys that open it, by name, and what accounts need besides */
export async function backUp(
  location: StoreLocation,
  madeAt: Date,
  keep: KeepPart,
  watch?: Watch,
): Promise<{
  readonly backup: string
  readonly rootKeys: readonly string[]
  readonly customerKeys: readonly CustomerKeyOf[]
}> {
  const snapshot = await readBusyStoreAt(location)
  try {
    const backup = randomBytes(16).toString('hex')
    const { schema } = snapshot
    // Counting takes its time too.
    const onRows = watch && counted(watch, 'rows', await snapshot.count())
    const rootKeys = await rootKeysOf(snapshot)
    const header = { backup, schema, madeAt: madeAt.toISOString() }
    for (const part of order) {
      const more = part === 'keys' ? { rootKeys } : {}
      await keep(part, writePart(snapshot, { part, ...header, ...more }, onRows))
    }
    return { backup, rootKeys, customerKeys: await customerKeysOf(snapshot) }
  } finally {
    await snapshot.close()
  }
}

/** Which accounts need whose provider beside the root key. */
async function customerKeysOf(snapshot: Snapshot): Promise<readonly CustomerKeyOf[]> {
  const names = new Map<number, string>()
  for await (const { id, name } of each(snapshot, accounts)) names.set(id, name)
  const found: CustomerKeyOf[] = []
  for await (const { accountId, provider } of each(snapshot, customerKeys)) {
    found.push({ account: names.get(accountId) ?? '', provider })
  }
  return found
}

export interface CustomerKeyOf {
  readonly account: string
  readonly provider: string
}

/** Of the newest version, as the snapshot has them: the store may be rewrapped meanwhile. */
async function rootKeysOf(snapshot: Snapshot): Promise<readonly string[]> {
  const values = new Map<string, Uint8Array>()
  for await (const { name, value } of each(snapshot, meta)) values.set(name, value)
  const { wrapped, next } = newestOf(values)
  return wrapped === undefined ? [] : rootKeyNames(wrapped, next)
}

function newestOf(values: ReadonlyMap<string, Uint8Array>, version = 1) {
  const isLast = !values.has(masterKeyName(version + 1))
  if (!isLast) return newestOf(values, version + 1)
  return { wrapped: values.get(masterKeyName(version)), next: values.get(masterKeyName(version, true)) }
}

export interface Restored extends Proof {
  readonly backup: string
  readonly madeAt: string
  /** What opens it, by name. */
  readonly rootKeys: readonly string[]
}

/**
 * Fills an empty store with a backup, in one transaction, and proves it: every row, every chain, every value.
 *
 * @throws Refusal `invalid` when the target is not empty or the backup is no whole one, `integrity_failure`
 */
export async function restore(config: Config, to: StoreLocation, open: OpenPart, watch?: Watch): Promise<Restored> {
  const { header, manifest } = await fill(to, open)
  const proof = await prove(config, to, manifest, () => 1, watch)
  return { ...proof, backup: header.backup, madeAt: header.madeAt, rootKeys: header.rootKeys ?? [] }
}

async function fill(to: StoreLocation, open: OpenPart) {
  const filling = await fillStoreAt(to)
  try {
    const values = await readPart(open('values'), filling, { part: 'values' })
    const keys = await readPart(open('keys'), filling, { part: 'keys', backup: values.header.backup })
    await filling.commit()
    const manifest: Manifest = new Map([...values.manifest, ...keys.manifest])
    return { header: keys.header, manifest }
  } finally {
    await filling.close()
  }
}
