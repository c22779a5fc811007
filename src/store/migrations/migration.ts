/** One step of the schema. */
export interface Migration {
  readonly name: string
  /** Statements that bring the store to this version, for each database. */
  readonly sqlite: string
  readonly postgres: string
}
