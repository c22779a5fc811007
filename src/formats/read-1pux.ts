/** Reads a `.1pux` file of 1Password: a ZIP archive with the data of all vaults. Not for browsers. */
import { faulty } from './entry.ts'
import { read1puxData } from './read-1password.ts'
import { readZip } from './read-zip.ts'
import type { Reading } from './reading.ts'

/** Far more than texts have. */
const maxDataBytes = 256 * 2 ** 20

/** Whether it is a ZIP archive. */
export function is1pux(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'PK\u0003\u0004'
}

/** @throws Refusal `invalid` for any other archive */
export function read1pux(bytes: Uint8Array): Reading {
  const data = readZip(bytes, 'export.data', maxDataBytes)
  if (data === undefined) throw faulty('Is a ZIP archive, and none of 1Password: it has no "export.data".')
  return read1puxData(data.toString())
}
