/** What is said of a secret beside its value, as it is typed. */
import type { DetailsInput } from '../client/model.ts'
import { timeOf } from './input.ts'

/** What a command says of a secret together with its value. */
export type GivenDetails = Omit<DetailsInput, 'decoy'>

export interface DetailOptions {
  readonly description?: string
  readonly tag?: readonly string[]
  readonly expires?: string
}

/** @throws Fault `usage` */
export function detailsIn({ description, tag, expires }: DetailOptions): GivenDetails {
  return {
    ...(description === undefined ? {} : { description }),
    ...(tag === undefined ? {} : { tags: [...tag] }),
    ...(expires === undefined ? {} : { expires_at: timeOf('--expires', expires) }),
  }
}
