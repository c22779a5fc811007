/** A list: a named group of an account's secrets. Every secret is in one. Times are milliseconds since 1970. */
import { hash } from 'node:crypto'
import { isLabel, labelRule } from './name.ts'
import type { Principal } from './principal.ts'

export interface List {
  readonly accountId: number
  readonly id: number
  /** Unique and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  readonly name: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly mac: Uint8Array
  /** Who deleted it, while some of its secrets are still to go: nobody finds it any more, nor what is in it. */
  readonly deleter: Principal | null
  /** The environment that it is in, for ever. */
  readonly environmentId: number
}

/** What a list may be called: a label by which it can be addressed in a path, where digits alone are an id. */
export const listNameRule = `${labelRule}, other than digits alone; no "\\\\", and between "/" neither nothing, "." nor ".."`

export function isListName(text: string): boolean {
  const isAddressable = !/^\d+$|\\/.test(text) && !text.split('/').some((part) => ['', '.', '..'].includes(part))
  return isLabel(text) && isAddressable
}

/** Where secrets go that are made without naming a list; made when it is first needed. */
export const defaultList = 'default'

/** The SHA-256, hexadecimal, of the list that a secret is in, as the audit trail has it. */
export function placeHash({ uid }: Pick<List, 'uid'>): string {
  return hash('sha256', uid, 'hex')
}

/** What a list is called that is deleted: nothing else can be, so that its name is free. */
export function nameOfDeleted({ id }: Pick<List, 'id'>): string {
  return ` deleted ${id}`
}

/** A list's uid. Ids are never used again, so it is unique; nothing is sealed to it, so it need not be random. */
export function listUid(storeId: string, accountId: number, id: number): string {
  return hash('sha256', `${storeId} list ${accountId} ${id}`, 'hex').slice(0, 32)
}
