/** Page cursors: where to go on, bound to an account and a listing, and not to be made up. */
import { timingSafeEqual } from 'node:crypto'
import { invalid, type Refusal } from '../errors.ts'
import type { Vault } from './vault.ts'

const macBytes = 16

export type Listing =
  | `secrets ${string}`
  | `deliveries ${number}`
  | (
      | 'access'
      | 'audit'
      | 'comparison'
      | 'deleted'
      | 'deployments'
      | 'fingerprints'
      | 'folders'
      | 'keys'
      | 'lists'
      | 'machines'
      | 'seeds'
      | 'seeds desc'
      | 'sessions'
      | 'trust rules'
      | 'webhooks'
    )
  | 'users'

/** Where a listing goes on: from an id or a sequence number, or from what the last item is in order by. */
export type Position = number | readonly (string | number)[]

/** @param position where to go on from */
export function encodeCursor(
  { keyring }: Pick<Vault, 'keyring'>,
  accountId: number,
  listing: Listing,
  position: Position,
): string {
  const mac = keyring.cursorMac(textOf(accountId, listing, position))
  return Buffer.concat([mac, Buffer.from(JSON.stringify(position))]).toString('base64url')
}

/** @throws Refusal `invalid` for a cursor that was not made for this listing of this account */
export function decodeCursor(
  vault: Pick<Vault, 'keyring'>,
  accountId: number,
  listing: Listing,
  cursor: string,
): number {
  const position = decode(vault, accountId, listing, cursor)
  if (typeof position !== 'number') throw unknownCursor()
  return position
}

/** As `decodeCursor`, of a listing that is in order by more than a number. */
export function decodePosition(
  vault: Pick<Vault, 'keyring'>,
  accountId: number,
  listing: Listing,
  cursor: string,
): readonly (string | number)[] {
  const position = decode(vault, accountId, listing, cursor)
  if (typeof position === 'number') throw unknownCursor()
  return position
}

function decode({ keyring }: Pick<Vault, 'keyring'>, accountId: number, listing: Listing, cursor: string): Position {
  const bytes = Buffer.from(cursor, 'base64url')
  const position = bytes.toString('base64url') === cursor ? readPosition(bytes.subarray(macBytes)) : undefined
  const mac = keyring.cursorMac(textOf(accountId, listing, position ?? 0))
  const given = bytes.subarray(0, macBytes)
  if (position === undefined || given.length < macBytes || !timingSafeEqual(mac, given)) throw unknownCursor()
  return position
}

function readPosition(bytes: Buffer): Position | undefined {
  try {
    const position: unknown = JSON.parse(bytes.toString())
    if (Number.isSafeInteger(position)) return Number(position)
    const isKey = (one: unknown) => typeof one === 'string' || Number.isSafeInteger(one)
    return Array.isArray(position) && position.every(isKey) ? position : undefined
  } catch {
    return undefined
  }
}

function unknownCursor(): Refusal {
  return invalid('cursor', 'Must be one that an earlier answer gave for this listing.')
}

function textOf(accountId: number, listing: Listing, position: Position): string {
  return JSON.stringify([accountId, listing, position])
}
