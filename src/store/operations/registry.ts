/** What follows from the definitions of all operations: what each is asked and answers, and how it is found by its kind. */
import type { Action } from '../../audit/record.ts'
import type { Needs } from '../needs.ts'
import type { Done } from '../outcome.ts'
import { all, foundings, inAccounts } from './all.ts'
import type { Definition, Founding } from './define.ts'

type All = typeof all

export type Kind = keyof All

/** What is asked by an operation of one kind. */
export type Op<K extends Kind> = { [Each in K]: { readonly kind: Each } & Parameters<All[Each]['decide']>[1] }[K]

export type Operation = Op<Kind>

/** What an operation answers, by its kind. */
export type Results = { [K in Kind]: Extract<ReturnType<All[K]['decide']>, Done<unknown>>['result'] }

/** What an operation is about, by its kind. */
type Subjects = { [K in Kind]: Parameters<All[K]['decide']>[2] }

type FoundingKind = keyof typeof foundings

type DefinitionOf<K extends Kind> = Definition<K, Op<K>, Results[K], Subjects[K]>

interface Placed {
  readonly environment: unknown
}

const byKind: { readonly [K in keyof typeof inAccounts]: DefinitionOf<K> } = inAccounts
const foundingByKind: { readonly [K in FoundingKind]: Founding<K, Op<K>, Results[K]> } = foundings
const descriptions: { readonly [K in Kind]: Pick<DefinitionOf<K>, 'action' | 'needs' | 'sharing'> & Placed } = all

export function definitionOf<K extends keyof typeof inAccounts>(kind: K): DefinitionOf<K> {
  return byKind[kind]
}

export function foundingOf<K extends FoundingKind>(kind: K): Founding<K, Op<K>, Results[K]> {
  return foundingByKind[kind]
}

/** What the trail calls an operation. */
export function actionOf<K extends Kind>(operation: Op<K> & { readonly kind: K }): Action {
  const { action } = descriptionOf(operation.kind)
  return typeof action === 'function' ? action(operation) : action
}

/**
 * Notes which rows an operation names: needs are turned to its caller.
 *
 * @param accountId of its caller, if they are known
 */
export function addNeeds<K extends Kind>(
  needs: Needs,
  accountId: number | undefined,
  operation: Op<K> & { readonly kind: K },
): void {
  const { needs: rule } = descriptionOf(operation.kind)
  if (rule === 'nothing') return
  if (accountId === undefined && !isFoundingKind(operation.kind)) return
  rule(needs, operation)
}

/** Whether it makes an account. */
export function isFounding(operation: Operation): operation is Op<FoundingKind> {
  return isFoundingKind(operation.kind)
}

/** Kinds of what is done once for one `Idempotency-Key`. */
export type OnceKind = { [K in Kind]: All[K] extends { readonly once: object } ? K : never }[Kind]

export function isOnce(kind: Kind): kind is OnceKind {
  return 'once' in all[kind]
}

function isFoundingKind(kind: Kind): boolean {
  return kind in foundings
}

/** Whether it is carried out in an environment. */
export function isPlaced({ kind }: { readonly kind: Kind }): boolean {
  return descriptionOf(kind).environment !== 'none'
}

/** Whether it may be decided beside others of its account. */
export function isSharing({ kind }: Operation): boolean {
  return descriptionOf(kind).sharing === true
}

function descriptionOf<K extends Kind>(kind: K): Pick<DefinitionOf<K>, 'action' | 'needs' | 'sharing'> & Placed {
  return descriptions[kind]
}
