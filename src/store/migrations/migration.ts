/** One step of the schema. */
export interface Migration {
  readonly name: string
  /** Statements that bring the store to this version, for each database. */
  readonly sqlite: string
  readonly postgres: string
  /** Why nodes of the version before go on beside it, where its statements do more than add (`additive.ts`). */
  readonly besideOlder?: string
}
