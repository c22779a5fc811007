/** The faults of an answer, by field. */
import { StrongroomError } from './client.ts'

export function faultsOf(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof StrongroomError)) return {}
  if (error.code === 'name_taken') return { name: error.message }
  return Object.fromEntries(error.errors.map(({ field, detail }) => [field.split('.')[0] ?? field, detail]))
}
