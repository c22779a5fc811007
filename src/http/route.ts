/**
 * What a route is: one definition, of which all else is derived: how it is served, what `/openapi.json` says of it, 405
 * for other methods, the operations of the typed client, and the lists of the tests that go over every route.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { isOverSecrets, type Right } from '../model/scope.ts'
import type { Given, Taken } from './components.ts'
import type { Context } from './context.ts'
import { EnvironmentQuery } from './schema.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * Who may ask. A right: whoever has it, for the names that it is about; one of several. `any`: every API key, and whoever
 * is signed in. `session`: people who are signed in. `portal`: the portal, before anybody is signed in. `open`: anybody.
 */
export type Scope = Right | readonly Right[] | 'any' | 'session' | 'portal' | 'open'

/**
 * Whether a client may send it again when no answer came. `safe`: twice is as good as once. `keyed`: with an
 * `Idempotency-Key` the server acts once. `never`, and why not: only when it is known that nothing was done.
 */
export type Repeat = 'safe' | 'keyed' | { readonly never: string }

/** What makes something is not safe to repeat: it takes an `Idempotency-Key`, or says why not. */
type RepeatOf<Answered> = 201 extends keyof Answered ? Exclude<Repeat, 'safe'> : Repeat

/** What a request carries: JSON of a schema, a form of it too, bytes of any type, or nothing. */
export type Body<Schema extends TSchema = TSchema> =
  | { readonly kind: 'json'; readonly schema: Schema; readonly maxBytes: number | undefined }
  | { readonly kind: 'form'; readonly schema: TSchema }
  | { readonly kind: 'bytes'; readonly types: readonly string[] }
  | { readonly kind: 'none' }

export const noBody: Body<Type.TUnknown> = { kind: 'none' }

/** @param maxBytes less than the server takes of anybody: where strangers ask */
export function json<Schema extends TSchema>(schema: Schema, maxBytes?: number): Body<Schema> {
  return { kind: 'json', schema, maxBytes }
}

/** A form or JSON, which the schema describes, and the route checks by hand. */
export function form(schema: TSchema): Body<Type.TUnknown> {
  return { kind: 'form', schema }
}

/** Any bytes, as long as a file may be. @param types those that are described */
export function bytes(...types: readonly string[]): Body<Type.TUnknown> {
  return { kind: 'bytes', types }
}

/** The path of a route that names nothing. */
export const noParams = Type.Object({})

/** The successes by status; one that is no JSON is described by what it may be. */
export type Answers = Readonly<Record<number, TSchema | Content>>

/** Of an answer that is no JSON: its types. */
export interface Content {
  readonly description: string
  readonly content: Readonly<Record<string, { readonly schema: TSchema }>>
}

/** Refusals that do not follow from what a route is (`description.ts`): 401 of one that is open, 404 of one that names nothing. */
export type RefusalStatus = 401 | 404 | 409 | 412 | 413 | 422

export interface Schemas<Params extends TSchema, Query extends TSchema, Input extends TSchema, Answered> {
  readonly params: Params
  readonly query: Query
  readonly body: Body<Input>
  readonly answers: Answered
  readonly refusals: readonly RefusalStatus[]
}

/** Of requests that the route reads, and of its successes, beside those that follow by rule: `Idempotency-Key` from `repeat`. */
export interface Headers {
  readonly takes: readonly Taken[]
  readonly gives: readonly Given[]
}

/** The two APIs: `/v3` refuses with problems (RFC 9457), the Secret Lists API in its envelope. */
export type Api = 'v3' | 'lists'

/** What is said of a route, whatever it does. */
export interface Facts<
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Input extends TSchema = TSchema,
  Answered = Answers,
> {
  readonly api: Api
  readonly method: Method
  /** As the router takes it: `/v3/secrets/:id`. */
  readonly path: string
  /** A verb and a noun, for the clients that are generated. */
  readonly operationId: string
  readonly tag: string
  /** In the imperative, without a period. */
  readonly summary: string
  /** What the summary leaves open; may be empty. */
  readonly description: string
  readonly scope: Scope
  readonly repeat: Repeat
  readonly schemas: Schemas<Params, Query, Input, Answered>
  readonly headers: Headers
  /** Whether it is in an environment, which a request may name, where its scope does not say so (`takesEnvironment`). */
  readonly inEnvironment?: boolean
}

export interface Asked<Params extends TSchema, Query extends TSchema, Input extends TSchema> {
  Params: Static<Params>
  Querystring: Static<Query>
  Body: Static<Input>
}

/** What a route answers with: one of its successes, unless it sends the answer itself. */
type Answer<Answered> =
  | {
      [Status in keyof Answered]: Answered[Status] extends TSchema ? Written<Static<Answered[Status]>> : never
    }[keyof Answered]
  | FastifyReply

/** What is only written may be what nobody else may change. */
type Written<T> = T extends readonly (infer Item)[]
  ? readonly Written<Item>[]
  : T extends object
    ? { readonly [Field in keyof T]: Written<T[Field]> }
    : T

export interface Definition<Params extends TSchema, Query extends TSchema, Input extends TSchema, Answered>
  extends Omit<Facts<Params, Query, Input, Answered>, 'api' | 'repeat'> {
  readonly repeat: RepeatOf<Answered>
  /** Called once for each server; what it returns, for each request: one use case, and the fields of the answer by name. */
  readonly use: (
    context: Context,
  ) => (request: FastifyRequest<Asked<Params, Query, Input>>, reply: FastifyReply) => Promise<Answer<Answered>>
}

/** How the router takes a route, but for its handler. */
export type Served = Omit<RouteOptions, 'handler'>

/** A route, whatever its schemas are. */
export interface Route extends Facts {
  /** @param served what follows from the facts (`serve-routes.ts`) */
  readonly serve: (app: FastifyInstance, context: Context, served: Served) => void
}

/** A route of the API. Every field has to be there: what is forgotten does not compile. */
export function defineRoute<
  Params extends TSchema,
  Query extends TSchema,
  Input extends TSchema,
  const Answered extends Answers,
>(definition: Definition<Params, Query, Input, Answered>): Route {
  const { use, ...facts } = definition
  const { schemas } = definition
  const [status, ...others] = Object.keys(schemas.answers).map(Number)
  return {
    api: definition.path.startsWith('/v3/') ? 'v3' : 'lists',
    ...facts,
    schemas: takesEnvironment(definition) ? { ...schemas, query: withEnvironment(schemas.query) } : schemas,
    serve: (app, context, served) => {
      const handler = use(context)
      app.route<Asked<Params, Query, Input>>({
        ...served,
        // Where there is one success, it need not be said again.
        handler:
          status === undefined || status === 200 || others.length > 0
            ? handler
            : (request, reply) => handler(request, reply.code(status)),
      })
    },
  }
}

/** Whether what is asked is in an environment, which a request may name: wherever a right over secrets is asked for. */
export function takesEnvironment({ scope, inEnvironment }: Pick<Facts, 'scope' | 'inEnvironment'>): boolean {
  const scopes: readonly string[] = [scope].flat()
  return inEnvironment ?? scopes.every((one) => isOverSecrets(one))
}

function withEnvironment(query: TSchema): TSchema {
  const properties = 'properties' in query ? Object(query.properties) : {}
  return { ...query, properties: { ...properties, environment: EnvironmentQuery } }
}

/** Whether an object's schema has fields: whether a path names something. */
export function hasFields(schema: TSchema): boolean {
  return 'properties' in schema && Object.keys(Object(schema.properties)).length > 0
}
