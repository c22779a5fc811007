/**
 * What `/openapi.json` says, by the definitions of the routes: which answers follow from what a route is, the headers both
 * ways, who may ask, and each thing that is said twice in one place, under the names that the client has for it.
 */
import { components, type Given, type Problems, problemName, securitySchemes } from './components.ts'
import { isSchema, markdown, type Schema, Schemas } from './described-schema.ts'
import { type Api, type Facts, hasFields, takesEnvironment } from './route.ts'

const about = {
  openapi: '3.1.0',
  info: {
    title: 'Strongroom',
    description: 'A secrets manager that speaks the NetActuate Secrets Manager API.',
    version: '3',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
}

const problemsOf: Readonly<Record<Api, Problems>> = { v3: 'problem', lists: 'envelope' }

/** A parameter of every route, which is described as a way to authenticate. */
const keyParameter = 'key'

export function describe(routes: readonly Facts[]): object {
  const schemas = new Schemas()
  const paths = new Map<string, Map<string, object>>()
  for (const route of routes) {
    const path = pathOf(route)
    const methods = paths.get(path) ?? new Map<string, object>()
    paths.set(path, methods.set(route.method.toLowerCase(), describeOperation(route, schemas)))
  }
  const shared = components((schema) => schemas.shown(schema))
  return {
    ...about,
    components: {
      ...shared,
      parameters: { ...shared.parameters, ...schemas.parameters() },
      schemas: schemas.all(),
      securitySchemes,
    },
    paths: Object.fromEntries([...paths].map(([path, methods]) => [path, Object.fromEntries(methods)])),
    servers: [{ url: '/' }],
    // What readers offer first, and take for every operation that takes it.
    security: [{ bearer: [] }],
  }
}

/** The path as OpenAPI writes it. */
export function pathOf({ path }: Pick<Facts, 'path'>): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}

function describeOperation(route: Facts, schemas: Schemas): object {
  const { operationId, summary, tag, description, schemas: given, headers, repeat } = route
  const parameters = [...parametersIn('query', given.query), ...parametersIn('path', given.params)]
  const placing = takesEnvironment(route) ? (['Strongroom-Environment'] as const) : []
  const names = [...headers.takes, ...placing, ...(repeat === 'keyed' ? (['Idempotency-Key'] as const) : [])]
  const taken = names.map((name) => ({ $ref: `#/components/parameters/${name}` }))
  const body = bodyOf(given.body)
  const { answers } = given
  const statuses = [...new Set([...Object.keys(answers), ...refusalsOf(route)])].sort()
  return {
    operationId,
    summary,
    tags: [tag],
    ...(description === '' ? {} : { description: markdown(description) }),
    security: securityOf(route),
    parameters: [...parameters.map((parameter) => schemas.parameter(parameter)), ...taken],
    ...(body === undefined ? {} : { requestBody: schemas.shown(body) }),
    responses: Object.fromEntries([
      ...(headers.takes.includes('If-None-Match-of-read')
        ? [['304', { $ref: '#/components/responses/NotModified' }]]
        : []),
      ...statuses.map((status) => [
        status,
        answers[Number(status)] === undefined
          ? { $ref: `#/components/responses/${problemName(problemsOf[route.api], Number(status))}` }
          : successOf({ ...answers[Number(status)] }, route, schemas),
      ]),
    ]),
  }
}

/** The fields of an object as parameters of a request. */
function parametersIn(place: 'query' | 'path', schema: object): readonly object[] {
  const { properties, required }: Schema = { ...schema }
  if (!isSchema(properties)) return []
  const names: readonly unknown[] = Array.isArray(required) ? required : []
  return Object.entries(properties).flatMap(([name, one]) => {
    if (name === keyParameter || !isSchema(one)) return []
    const { description: expected, 'x-about': description = expected, ...rest } = one
    return [
      {
        ...mediaOf(rest),
        in: place,
        name,
        required: place === 'path' || names.includes(name),
        ...(description === undefined ? {} : { description }),
      },
    ]
  })
}

/** A schema, and its example beside it. */
function mediaOf({ examples, ...schema }: Schema): { readonly schema: Schema; readonly example?: unknown } {
  return Array.isArray(examples) ? { schema, example: examples[0] } : { schema }
}

function bodyOf(body: Facts['schemas']['body']): object | undefined {
  switch (body.kind) {
    case 'none':
      return undefined
    case 'bytes': {
      const bytes = { schema: { type: 'string', format: 'binary' }, example: 's3cur3-p4ssw0rd' }
      return { required: true, content: Object.fromEntries(body.types.map((type) => [type, bytes])) }
    }
    default: {
      // Clients send forms, the vendor's documents show JSON.
      const types = ['application/json', ...(body.kind === 'form' ? ['application/x-www-form-urlencoded'] : [])]
      const media = mediaOf({ ...body.schema })
      const { description: expected, 'x-about': description = expected } = media.schema
      const content = Object.fromEntries(types.map((type) => [type, media]))
      return { required: true, content, ...(description === undefined ? {} : { description }) }
    }
  }
}

/** The refusals that follow from what a route is. What an operation refuses besides, its definition names. */
function refusalsOf(route: Facts): readonly string[] {
  const { api, method, scope, schemas, headers, repeat } = route
  const isNamed = hasFields(schemas.params)
  const isOpen = scope === 'portal' || scope === 'open'
  const rules: readonly (readonly [holds: boolean, ...statuses: readonly number[]])[] = [
    [true, 414, 415, 429, 431, 500, 503, 507, ...schemas.refusals],
    [api === 'v3', 400, 406],
    [api === 'lists', 422],
    [api === 'lists' && isNamed, 400],
    [!isOpen, 401, 403],
    [scope === 'portal', 403],
    [method !== 'GET', 413],
    [isNamed || takesEnvironment(route), 404],
    [headers.takes.includes('If-Match'), 412],
    [repeat === 'keyed', 422],
  ]
  return rules.flatMap(([holds, ...statuses]) => (holds ? statuses.map(String) : []))
}

function securityOf({ scope }: Facts): readonly object[] {
  if (scope === 'portal') return [{ portal: [] }]
  if (scope === 'open') return []
  const person = { session: [], portal: [] }
  return scope === 'session' ? [person] : [{ bearer: [] }, { query: [] }, person]
}

function successOf(answer: Schema, route: Facts, schemas: Schemas): object {
  const {
    schemas: { query },
    headers,
    repeat,
  } = route
  const isPaged = parametersIn('query', query).some((one) => 'name' in one && one.name === 'cursor')
  const names: readonly Given[] = [
    ...headers.gives,
    ...(isPaged ? (['Strongroom-Next-Cursor'] as const) : []),
    ...(repeat === 'keyed' ? (['Idempotent-Replayed'] as const) : []),
    ...(takesEnvironment(route) ? (['Strongroom-Environment'] as const) : []),
    'Strongroom-Request-Id',
  ]
  const { description, content = { 'application/json': mediaOf(answer) } } = answer
  return {
    description: typeof description === 'string' ? markdown(description) : 'Done.',
    headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    content: schemas.shown(content),
  }
}
