/**
 * What `/openapi.json` says beyond the schemas of the routes: which answers follow from what a route is, the headers both
 * ways, who may ask, and each thing that is said twice in one place, under the names that the client has for it.
 */
import type { FastifySchema, RouteOptions } from 'fastify'
import { components, type Given, type Problems, problemName, securitySchemes, type Taken } from './components.ts'
import { markdown, type Schema, Schemas } from './described-schema.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** Headers of requests that the route reads. */
    takes?: readonly Taken[]
    /** Headers of its successes, beside those that follow by rule. */
    gives?: readonly Given[]
    /** Of a body that no schema checks: the types that it may have. */
    sends?: readonly string[]
  }
  interface FastifyContextConfig {
    /** What is said of the route, where its schemas check nothing. */
    described?: FastifySchema
    /** Answered to the portal alone, which says that it is one. */
    isForPortal?: boolean
    /** In which form the route refuses. */
    problems?: Problems
  }
}

/** What the rules below need to know of a route. */
interface Facts {
  readonly isOpen: boolean
  readonly isForPortal: boolean
  readonly isAcceptIgnored: boolean
  readonly problems: Problems
  readonly takes: readonly Taken[]
  readonly gives: readonly Given[]
  readonly sends: readonly string[]
}

interface Parameter {
  readonly in: string
  readonly name: string
}

interface Body {
  readonly required: boolean
  readonly content: Readonly<Record<string, Schema>>
}

interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: Body
  readonly responses: Readonly<Record<string, Schema>>
  readonly 'x-facts': Facts
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export const openapi = '3.1.0'

/** What people have and no key does: they act for themselves. */
const sessionTag = 'Sessions'

/** For the generator: what is said of a route, and the facts that the rules need. */
export function describeRoute({ schema, route }: { readonly schema: FastifySchema; readonly route: RouteOptions }) {
  const { described = schema, isOpen, isForPortal, isAcceptIgnored, problems = 'problem' } = route.config ?? {}
  if (described === undefined || described.hide === true) return { hide: true }
  const { takes = [], gives = [], sends = [] } = described
  const facts: Facts = {
    isOpen: isOpen === true,
    isForPortal: isForPortal === true,
    isAcceptIgnored: isAcceptIgnored === true,
    ...{ problems, takes, gives, sends },
  }
  return { ...described, 'x-facts': facts }
}

/** @param generated of the routes' schemas, each with its facts */
export function describe(generated: object): object {
  const document: Document = JSON.parse(JSON.stringify(generated))
  const schemas = new Schemas()
  const entries = Object.entries(document.paths).map(([path, methods]) => {
    const operations = Object.entries(methods).map(([method, one]) => [method, describeOperation(method, one, schemas)])
    return [path, Object.fromEntries(operations)]
  })
  const shared = components((schema) => schemas.shown(schema))
  return {
    ...document,
    // What readers offer first, and take for every operation that takes it.
    security: [{ bearer: [] }],
    paths: Object.fromEntries(entries),
    components: {
      ...shared,
      parameters: { ...shared.parameters, ...schemas.parameters() },
      schemas: schemas.all(),
      securitySchemes,
    },
  }
}

function describeOperation(method: string, operation: Operation, schemas: Schemas): object {
  const { 'x-facts': facts, parameters = [], requestBody, responses, description, ...rest } = operation
  if (rest.operationId === undefined) throw new Error(`The route "${rest.summary}" has no operationId.`)
  const sent = bodyOf(requestBody, facts)
  const statuses = [...new Set([...Object.keys(responses), ...refusalsOf(method, operation, facts)])].sort()
  const taken = facts.takes.map((name) => ({ $ref: `#/components/parameters/${name}` }))
  return {
    ...rest,
    ...(description === undefined ? {} : { description: markdown(description) }),
    security: securityOf(rest.tags, facts),
    parameters: [...parameters.map((parameter) => schemas.parameter(parameter)), ...taken],
    ...(sent === undefined ? {} : { requestBody: schemas.shown(sent) }),
    responses: Object.fromEntries(
      statuses.map((status) => [
        status,
        Number(status) < 400
          ? successOf(responses[status] ?? {}, operation, schemas)
          : { $ref: `#/components/responses/${problemName(facts.problems, Number(status))}` },
      ]),
    ),
  }
}

/** The refusals that follow from what a route is. What an operation refuses besides, its route names. */
function refusalsOf(method: string, { parameters = [] }: Operation, facts: Facts): readonly string[] {
  const isNamed = parameters.some((parameter) => parameter.in === 'path')
  const rules: readonly (readonly [holds: boolean, ...statuses: readonly number[]])[] = [
    [true, 414, 415, 429, 431, 500, 503, 507],
    [facts.problems === 'problem', 400],
    [facts.problems === 'envelope', 422],
    [facts.problems === 'envelope' && isNamed, 400],
    [!facts.isOpen, 401, 403],
    [facts.isForPortal, 403],
    [!facts.isAcceptIgnored, 406],
    [method !== 'get', 413],
    [isNamed, 404],
    [facts.takes.includes('If-Match'), 412],
    [facts.takes.includes('Idempotency-Key'), 422],
  ]
  return rules.flatMap(([holds, ...statuses]) => (holds ? statuses.map(String) : []))
}

function securityOf(tags: readonly string[], { isOpen, isForPortal }: Facts): readonly object[] {
  if (isForPortal) return [{ portal: [] }]
  if (isOpen) return []
  const person = { session: [], portal: [] }
  return tags.includes(sessionTag) ? [person] : [{ bearer: [] }, { query: [] }, person]
}

function bodyOf(requestBody: Body | undefined, { sends }: Facts): object | undefined {
  if (sends.length === 0) return requestBody
  const bytes = { schema: { type: 'string', format: 'binary' }, example: 's3cur3-p4ssw0rd' }
  return { required: true, content: Object.fromEntries(sends.map((type) => [type, bytes])) }
}

function successOf(response: Schema, { parameters = [], 'x-facts': facts }: Operation, schemas: Schemas): object {
  const isPaged = parameters.some(({ name }) => name === 'cursor')
  const headers: readonly Given[] = [
    ...facts.gives,
    ...(isPaged ? (['Strongroom-Next-Cursor'] as const) : []),
    ...(facts.takes.includes('Idempotency-Key') ? (['Idempotent-Replayed'] as const) : []),
    'Strongroom-Request-Id',
  ]
  const { description, content } = response
  return {
    description:
      typeof description !== 'string' || description === 'Default Response' ? 'Done.' : markdown(description),
    headers: Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    ...(content === undefined ? {} : { content: schemas.shown(content) }),
  }
}
