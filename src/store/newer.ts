/** What is said of a program that is newer than the servers which use a store. */
import { Refusal } from '../errors.ts'

export function newerThanServers(): Refusal {
  const text = 'This command is of a newer version than the servers that use the database, and would change its schema.'
  const hint = 'Bring the servers up to date first: the first one that starts changes the schema.'
  return new Refusal('invalid', `${text} ${hint} Until then, use the command of their version.`)
}
