/** Page cursors: where to go on, bound to an account and a listing, and not to be made up. */
import { timingSafeEqual } from 'node:crypto'
import { invalid } from '../errors.ts'
import type { Vault } from './vault.ts'

const macBytes = 16

export type Listing = 'secrets' | 'secrets, expired first' | 'audit' | 'deployments' | 'seeds'

/** @param position the id or sequence number to go on from */
export function encodeCursor(
  { keyring }: Pick<Vault, 'keyring'>,
  accountId: number,
  listing: Listing,
  position: number,
): string {
  const mac = keyring.cursorMac(textOf(accountId, listing, position))
  return Buffer.concat([mac, Buffer.from(String(position))]).toString('base64url')
}

/** @throws Refusal `invalid` for a cursor that was not made for this listing of this account */
export function decodeCursor(
  { keyring }: Pick<Vault, 'keyring'>,
  accountId: number,
  listing: Listing,
  cursor: string,
): number {
  const bytes = Buffer.from(cursor, 'base64url')
  const position = Number(bytes.subarray(macBytes).toString('latin1'))
  const isWhole = bytes.length > macBytes && Number.isSafeInteger(position)
  const mac = keyring.cursorMac(textOf(accountId, listing, isWhole ? position : 0))
  if (!isWhole || bytes.toString('base64url') !== cursor || !timingSafeEqual(mac, bytes.subarray(0, macBytes))) {
    throw invalid('cursor', 'Must be one that an earlier answer gave for this listing.')
  }
  return position
}

function textOf(accountId: number, listing: Listing, position: number): string {
  return JSON.stringify([accountId, listing, position])
}
