/**
 * How an operation is described: once, and whole. Its types, what the trail calls it, what is loaded, who may, what it hands
 * on and what it does all follow from its definition (`registry.ts`), and a field that is left out does not compile.
 */
import type { Action, AuditObject } from '../../audit/record.ts'
import type { Right } from '../../model/scope.ts'
import type { Asked, Caller } from '../caller.ts'
import type { Placing } from '../decide/environment.ts'
import type { Handed } from '../decide/grants.ts'
import type { Call, Work } from '../decide/work.ts'
import type { Needs } from '../needs.ts'
import type { Ended, Outcome } from '../outcome.ts'
import type { Kept } from '../reply.ts'

export interface Definition<Kind extends string, Input, Result, Subject> {
  readonly kind: Kind
  /** What the trail calls it. */
  readonly action: Action | ((operation: Input) => Action)
  /** Which right it asks for, of what: held before it is decided (`decide/admit.ts`). */
  readonly scope: Scope<Input, Subject> | ((call: Call, operation: Input) => Scope<Input, Subject>)
  /** Whether it is carried out in an environment, and in which (`decide/environment.ts`). */
  readonly environment: Placing<Input>
  /** Whether a user must have proven who they are a short while ago: the same for each way to do a thing. */
  readonly delicate: boolean | ((call: Call, operation: Input) => boolean)
  /** What lets somebody act later, or further: held to what the caller has. Nothing of what the caller may not see. */
  readonly grants: 'nothing' | ((call: Call, operation: Input) => readonly Handed[])
  /** Which rows it names, in the account of its caller. */
  readonly needs: 'nothing' | ((needs: Needs, operation: Input) => void)
  /**
   * That it changes nothing but the trail, and answers nothing of where its record stands there: then it may be decided beside
   * others of its account, and its record alone waits for its turn. What changes something all the same is decided anew.
   */
  readonly sharing?: true
  /** What it answers, changes and records, once nothing is in its way. */
  readonly decide: (call: Call, operation: Input, subject: Subject) => Outcome<Result>
  /** Of what makes something: what a request is answered that comes again under the same `Idempotency-Key` (`defineOnce`). */
  readonly once?: Once<Result>
}

/** What a repeated request is answered, in place of doing it a second time. */
export interface Once<Result> {
  /** What is kept of the first answer: nothing that is given out once. `undefined` where nothing was made. */
  readonly keep: (result: Result) => Kept | undefined
  /** The answer again, and what the record of that names. */
  readonly give: (call: Call, kept: Kept) => { readonly object: AuditObject; readonly result: Result }
}

/** What makes an account: it is in none, and nobody but the host may. */
export interface Founding<Kind extends string, Input, Result> {
  readonly kind: Kind
  readonly action: Action
  readonly scope: 'host'
  readonly environment: 'none'
  readonly delicate: false
  readonly grants: 'nothing'
  readonly needs: (needs: Needs, operation: Input) => void
  readonly decide: (work: Work, operation: Input, asked: ByHost) => Outcome<Result>
}

export interface ByHost extends Asked {
  readonly caller: Extract<Caller, { readonly kind: 'host' }>
}

export type Scope<Input, Subject> = WithRight<Input, Subject> | WithoutRight<Input, Subject>

export interface WithRight<Input, Subject> {
  readonly right: Right
  /** All names, any name, or the name that is given here; or for the host alone, whatever rights others have. */
  readonly over: 'all' | 'some' | 'host' | ((operation: Input) => string)
  /** What the record names when the right is missing. */
  readonly object: (call: Call, operation: Input) => AuditObject | null
  /** What it is about, as far as the right reaches; or why not. Whoever looks it up leaves the record of a refusal. */
  readonly subject: (call: Call, operation: Input, right: Right) => Subject | Ended
}

export interface WithoutRight<Input, Subject> {
  readonly right: 'none'
  /** Whether even somebody may whose sign-in is not finished: to set up a second factor, or to leave. */
  readonly unfinished: boolean
  readonly subject: (call: Call, operation: Input) => Subject | Ended
}

/** What ends an operation has a `kind`, and nothing else that it may be about has one. */
type Unlike<Subject> = Subject extends { readonly kind: unknown } ? never : unknown

/**
 * @param Input what is asked, beside the kind
 * @param Result what it answers when it is done
 * @param Subject what it is about, as `scope` finds it
 */
export function defineOperation<Input, Result, Subject = undefined>() {
  return <const Kind extends string>(
    definition: Definition<Kind, Input, Result, Subject> & Unlike<Subject> & { readonly once?: never },
  ): Definition<Kind, Input, Result, Subject> => definition
}

/** What makes something, and does so once for one `Idempotency-Key`. */
export interface OnceDefinition<Kind extends string, Input, Result, Subject>
  extends Definition<Kind, Input, Result, Subject> {
  readonly once: Once<Result>
}

/** @see defineOperation */
export function defineOnce<Input, Result, Subject = undefined>() {
  return <const Kind extends string>(
    definition: OnceDefinition<Kind, Input, Result, Subject> & Unlike<Subject>,
  ): OnceDefinition<Kind, Input, Result, Subject> => definition
}

/** @see Founding */
export function defineFounding<Input, Result>() {
  return <const Kind extends string>(definition: Founding<Kind, Input, Result>): Founding<Kind, Input, Result> =>
    definition
}

/** For whoever has the right over all names. */
export function overAll<Input>(right: Right, object: (call: Call, operation: Input) => AuditObject | null = nothing) {
  return { right, over: 'all', object, subject: noSubject } as const
}

/** For whoever has the right over any name: more is asked where names are known. */
export function overSome<Input>(right: Right, object: (call: Call, operation: Input) => AuditObject | null = nothing) {
  return { right, over: 'some', object, subject: noSubject } as const
}

/** For whoever has the right over the name that it asks for. */
export function overName<Input>(
  right: Right,
  over: (operation: Input) => string,
  object: (call: Call, operation: Input) => AuditObject | null,
) {
  return { right, over, object, subject: noSubject } as const
}

function nothing(): null {
  return null
}

function noSubject(): undefined {
  return undefined
}

/** For anybody who is let in. What it needs beyond, it asks itself. */
export const free = { right: 'none', unfinished: false, subject: noSubject } as const

/** For anybody, even while their sign-in is not finished. */
export const freeUnfinished = { right: 'none', unfinished: true, subject: noSubject } as const
