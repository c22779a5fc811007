/** Whether nodes of the version before can go on beside a step of the schema, by what its statements do. */
import type { Migration } from './migration.ts'

/** What takes nothing away, and refuses nothing that was taken before. */
const adding = /^(create table|create index|drop index|alter table \w+ add column (?!.*\b(unique|references)\b))/i

/** A statement of another kind may be one that older nodes would not survive: such a step runs once they are gone. */
export function isAdditive({ postgres, besideOlder }: Pick<Migration, 'postgres' | 'besideOlder'>): boolean {
  if (besideOlder !== undefined) return true
  const statements = postgres
    .replaceAll(/--[^\n]*/g, '')
    .split(';')
    .map((one) => one.trim().replaceAll(/\s+/g, ' '))
  return statements.every((one) => one === '' || adding.test(one))
}
