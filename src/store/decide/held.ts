/** What many names were held against, in turns with others, before what they are in is changed as a whole. */
import type { Scope } from '../../model/scope.ts'
import type { Call } from './work.ts'

export interface HeldBy {
  /** Of whoever asked. */
  readonly scopes: readonly Scope[]
  /** What the environment was called that it is in: scopes name environments, and one may be renamed meanwhile. */
  readonly environment: string
}

/** Whether whoever asks has the same rights to the names still. */
export function isHeldNow({ scopes, environment }: Call, held: HeldBy): boolean {
  return held.environment === environment.name && JSON.stringify(held.scopes) === JSON.stringify(scopes)
}
