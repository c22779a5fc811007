/** Whether a record is what is sought: of records from files, what the store says of those in the database. */
import { isPlaced } from '../audit/record.ts'
import type { StoredRecord } from '../audit/verify.ts'
import { defaultEnvironment } from '../model/environment.ts'
import type { RecordSought } from '../store/store.ts'

export function isMatch({ record, aside }: StoredRecord, sought: RecordSought): boolean {
  const { action, outcome, kind, environmentId, from, to } = sought
  const { principal, time } = record
  return (
    (from === undefined || time >= from) &&
    (to === undefined || time <= to) &&
    (action === undefined || record.action === action) &&
    (sought.aside === undefined || aside === sought.aside) &&
    (outcome === undefined || record.outcome === outcome) &&
    (kind === undefined || principal.kind === kind) &&
    (environmentId === undefined || isIn(record, environmentId)) &&
    isAbout(record, sought.secret) &&
    isBy(record, sought.principal)
  )
}

type Record = StoredRecord['record']

/** A secret by id or by name. */
function isAbout({ object }: Record, secret: number | string | undefined): boolean {
  if (secret === undefined) return true
  return object?.kind === 'secret' && (typeof secret === 'number' ? object.id : object.name) === secret
}

/** A key by its id, or anybody by name. */
function isBy({ principal }: Record, sought: number | string | undefined): boolean {
  if (typeof sought === 'number') return principal.kind === 'key' && principal.id === sought
  return sought === undefined || principal.name === sought
}

/** Of `default`, only the action says that a record is of an environment. */
function isIn({ environmentId, action }: Record, sought: number): boolean {
  return sought === defaultEnvironment.id ? environmentId === null && isPlaced(action) : environmentId === sought
}
