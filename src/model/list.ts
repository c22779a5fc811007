/** A list: a named group of an account's secrets. Every secret is in one. Times are milliseconds since 1970. */

export interface List {
  readonly accountId: number
  readonly id: number
  /** Unique and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  readonly name: string
  readonly createdAt: number
  readonly updatedAt: number
}

/** Where secrets go that are made without naming a list; made when it is first needed. */
export const defaultList = 'default'
