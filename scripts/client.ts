/**
 * `npm run client`: writes the types and the operations of the client from the definitions of the routes.
 * `npm run client -- --check` writes nothing, and fails when they are stale.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathOf } from '../src/http/description.ts'
import type { Facts } from '../src/http/route.ts'
import { routes } from '../src/http/routes/all.ts'
import { describeApis } from '../src/http/routes/open/reference.ts'

const folder = join(import.meta.dirname, '..', 'src', 'client')

interface Schema {
  readonly $ref?: string
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly (string | null)[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly required?: readonly string[]
}

interface Parameter {
  readonly $ref?: string
  readonly in: string
  readonly name: string
  readonly description?: string
  readonly required: boolean
  readonly schema: Schema
}

interface Operation {
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>
    readonly parameters: Readonly<Record<string, Parameter>>
  }
}

const { paths, components }: Description = JSON.parse(JSON.stringify(describeApis()))

/** What programs and the portal call. Plain bytes are another form of a value, which the client does not need. */
const called = routes.filter(({ schemas }) => {
  const isJson = Object.values(schemas.answers).every((answer) => !('content' in answer))
  return isJson && schemas.body.kind !== 'bytes'
})

function nameOf(route: Facts): string {
  return `${route.method} ${pathOf(route)}`
}

function operationOf(route: Facts): Operation {
  const operation = paths[pathOf(route)]?.[route.method.toLowerCase()]
  if (operation === undefined) throw new Error(`${nameOf(route)} is not described.`)
  return operation
}

const json = 'application/json'

/** What a repeated request may be answered in place of a token: to callers that is an error (`AlreadyMade`). */
function isMadeBefore({ $ref = '' }: Schema): boolean {
  return $ref.endsWith('/MadeBefore')
}

function answersOf({ responses }: Operation): readonly Schema[] {
  const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  const schemas = successes.flatMap(([, { content }]) => content?.[json]?.schema ?? [])
  return schemas.flatMap((schema) => schema.anyOf ?? schema).filter((schema) => !isMadeBefore(schema))
}

function parametersOf({ parameters }: Operation, place: string): readonly Parameter[] {
  const all = parameters.map((one) => components.parameters[one.$ref?.split('/').at(-1) ?? ''] ?? one)
  return all.filter((one) => one.in === place)
}

/** What the path of an operation has of texts, or of ids. */
function pathOfType(operation: Operation, isText: boolean): readonly string[] {
  return parametersOf(operation, 'path').flatMap(({ name, schema }) =>
    (schema.type === 'string') === isText ? [name] : [],
  )
}

/** The components that the calls name, and what these name in turn. */
function namedBy(schemas: readonly Schema[], known: Set<string> = new Set()): Set<string> {
  for (const [, name = ''] of JSON.stringify(schemas).matchAll(/#\/components\/schemas\/(\w+)/g)) {
    if (known.has(name)) continue
    known.add(name)
    namedBy([components.schemas[name] ?? {}], known)
  }
  return known
}

/** A schema as a type. @param from where the named ones are: without it here, with what is said of their fields */
function typeOf(schema: Schema, from = ''): string {
  const { $ref, type, enum: words, anyOf, items, properties, additionalProperties } = schema
  if ($ref !== undefined) return `${from}${$ref.split('/').at(-1)}`
  if (words !== undefined) return words.map((word) => (word === null ? 'null' : `'${word}'`)).join(' | ')
  if (anyOf !== undefined) return anyOf.map((one) => typeOf(one, from)).join(' | ')
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one }, from)).join(' | ')
  switch (type) {
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
    case 'string':
    case 'null':
      return type
    case 'array': {
      const item = typeOf(items ?? {}, from)
      return `readonly ${/[ |]/.test(item) && !item.startsWith('{') ? `(${item})` : item}[]`
    }
    case 'object':
      if (properties !== undefined && Object.keys(properties).length > 0)
        return `{ ${fieldsOf(schema, from).join('; ')} }`
      if (typeof additionalProperties === 'object')
        return `Readonly<Record<string, ${typeOf(additionalProperties, from)}>>`
      return 'Readonly<Record<string, unknown>>'
    case undefined:
      return 'unknown'
    default:
      throw new Error(`A schema of type ${type} is new.`)
  }
}

function fieldsOf({ properties = {}, required = [] }: Schema, from = ''): readonly string[] {
  return Object.entries(properties).map(
    ([name, one]) =>
      `${from === '' ? docOf(one.description) : ''}readonly ${name}${required.includes(name) ? '' : '?'}: ${typeOf(one, from)}`,
  )
}

/** What is said of every object that is sent says nothing. */
const emptyWords: readonly string[] = ['a JSON object']

/** A description is a part of a sentence where it names what is expected. */
function docOf(text: string | undefined): string {
  if (text === undefined || emptyWords.includes(text)) return ''
  const sentence = text.charAt(0).toUpperCase() + text.slice(1)
  return `/** ${sentence.replaceAll('*/', '*\\/')}${/[.!?]$/.test(sentence) ? '' : '.'} */\n`
}

/** How an answer of the schema looks, as `shape.ts` says it. */
function shapeOf(schema: Schema): string {
  const { $ref, type, enum: words, anyOf, items, properties, additionalProperties } = schema
  if ($ref !== undefined) return constOf($ref.split('/').at(-1) ?? '')
  if (words !== undefined) {
    const shape = `oneOf(${words.flatMap((word) => (word === null ? [] : [`'${word}'`])).join(', ')})`
    return words.includes(null) ? `orNull(${shape})` : shape
  }
  if (anyOf !== undefined) return eitherOf(anyOf)
  if (Array.isArray(type)) return eitherOf(type.map((one) => ({ ...schema, type: one })))
  switch (type) {
    case 'integer':
      return 'integer'
    case 'boolean':
      return 'bool'
    case 'string':
      return 'text'
    case 'array':
      return `list(${shapeOf(items ?? {})})`
    case 'object':
      if (properties !== undefined && Object.keys(properties).length > 0) {
        return `fields<${typeOf(schema, 'Api.')}>(${shapesOf(schema)})`
      }
      return `record(${typeof additionalProperties === 'object' ? shapeOf(additionalProperties) : 'anything'})`
    case undefined:
      return 'anything'
    default:
      throw new Error(`No shape is known for the type ${type}.`)
  }
}

function eitherOf(schemas: readonly Schema[]): string {
  const isNull = ({ type }: Schema) => type === 'null'
  const [one, ...others] = schemas.filter((schema) => !isNull(schema))
  if (one === undefined) throw new Error('Null alone is no answer.')
  const shape = others.reduce((known, other) => `either(${known}, ${shapeOf(other)})`, shapeOf(one))
  return schemas.some(isNull) ? `orNull(${shape})` : shape
}

function shapesOf({ properties = {}, required = [] }: Schema): string {
  const shapes = Object.entries(properties).map(([name, one]) => {
    const shape = shapeOf(one)
    return `${name}: ${required.includes(name) ? shape : `optional(${shape})`}`
  })
  return `{ ${shapes.join(', ')} }`
}

function constOf(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}Shape`
}

/** Each after those that it names. */
function inOrder(names: ReadonlySet<string>): readonly string[] {
  const ordered = new Set<string>()
  const add = (name: string) => {
    if (ordered.has(name)) return
    for (const other of namedBy([components.schemas[name] ?? {}])) add(other)
    ordered.add(name)
  }
  for (const name of [...names].sort()) add(name)
  return [...ordered]
}

/** The words of `shape.ts`. */
const shapeWords = [
  ...[
    'anything',
    'bool',
    'either',
    'fields',
    'integer',
    'list',
    'oneOf',
    'optional',
    'orNull',
    'record',
    'type Shape',
    'text',
  ],
]

const generated = 'Written by `npm run client` from the definitions of the routes: change those.'

function typesFile(): string {
  const used = namedBy(
    called.flatMap((route) => {
      const { requestBody } = operationOf(route)
      return [...answersOf(operationOf(route)), requestBody?.content[json]?.schema ?? {}]
    }),
  )
  const types = [...used].sort().map((name) => {
    const schema = components.schemas[name] ?? {}
    const doc = docOf(schema.description)
    if (schema.type !== 'object' || schema.properties === undefined)
      return `${doc}export type ${name} = ${typeOf(schema)}`
    return `${doc}export interface ${name} {\n${fieldsOf(schema).join('\n')}\n}`
  })
  return `/** What the API takes and gives, with its own names for the fields. ${generated} */\n\n${types.join('\n\n')}\n`
}

function operationsFile(): string {
  const answers = called.flatMap((route) => answersOf(operationOf(route)))
  const shapes = inOrder(namedBy(answers)).map((name) => {
    const schema = components.schemas[name] ?? {}
    const isObject = schema.type === 'object' && schema.properties !== undefined
    const shape = isObject ? `fields<Api.${name}>(${shapesOf(schema)})` : shapeOf(schema)
    return `const ${constOf(name)}: Shape<Api.${name}> = ${shape}`
  })
  const rules = called.map((route) => {
    const answer = eitherOf(answersOf(operationOf(route)))
    const names = pathOfType(operationOf(route), true).map((name) => `'${name}'`)
    const named = names.length === 0 ? '' : `names: [${names.join(', ')}], `
    return `'${nameOf(route)}': { ${named}repeat: '${typeof route.repeat === 'string' ? route.repeat : 'never'}', isOpen: ${route.scope === 'open'}, answer: ${answer} },`
  })
  const body = `
/** What each operation takes and gives. */
export interface Operations {
${called.map(operationType).join('\n')}
}

export type Operation = keyof Operations
export type AnswerOf<O extends Operation> = Operations[O]['answer']

/**
 * \`safe\`: as often as one likes. \`keyed\`: with an \`Idempotency-Key\` the server acts once. \`never\`: twice is not once,
 * so only after an answer that says that nothing was done.
 */
type Repeat = 'safe' | 'keyed' | 'never'

export interface Rule<Answer> {
  /** Which parts of the path are names; the others are ids. */
  readonly names?: readonly string[]
  readonly repeat: Repeat
  /** Whether it needs no API key. */
  readonly isOpen: boolean
  readonly answer: Shape<Answer>
}

${shapes.join('\n')}

export const operations: { readonly [O in Operation]: Rule<AnswerOf<O>> } = {
${rules.join('\n')}
}
`
  const code = body.replaceAll(/\/\*\*[\s\S]*?\*\/|'[^'\n]*'/g, '')
  const isUsed = (name: string) => new RegExp(`: (\\w+\\()*${name}\\b|[(] ?${name}\\b`).test(code)
  const imported = shapeWords.filter((name) => name === 'type Shape' || isUsed(name))
  return `/** Every operation of the API: what it takes and gives, how its answer looks, and when it may be repeated. ${generated} */
import type * as Api from './api-types.ts'
import { ${imported.join(', ')} } from './shape.ts'
${body}`
}

function operationType(route: Facts): string {
  const operation = operationOf(route)
  const ids = pathOfType(operation, false).map((name) => `'${name}'`)
  const names = pathOfType(operation, true).map((name) => `'${name}'`)
  const query = parametersOf(operation, 'query').map(
    ({ name, schema, required }) => `readonly ${name}${required ? '' : '?'}: ${typeOf(schema)}`,
  )
  const body = operation.requestBody?.content[json]?.schema
  const parts = [
    ...(ids.length === 0 ? [] : [`ids: ${ids.join(' | ')}`]),
    ...(names.length === 0 ? [] : [`names: ${names.join(' | ')}`]),
    ...(query.length === 0 ? [] : [`query: { ${query.join('; ')} }`]),
    ...(body === undefined ? [] : [`body: ${typeOf(body, 'Api.')}`]),
    `answer: ${answersOf(operation)
      .map((one) => typeOf(one, 'Api.'))
      .join(' | ')}`,
  ]
  return `/** ${route.summary}. */\n'${nameOf(route)}': { ${parts.join('; ')} }`
}

/** As Biome writes it, so that the check of the sources leaves it alone. */
function formatted(name: string, text: string): string {
  const biome = join(import.meta.dirname, '..', 'node_modules', '.bin', 'biome')
  return execFileSync(biome, ['format', `--stdin-file-path=src/client/${name}`], { input: text, encoding: 'utf8' })
}

const stale: string[] = []
for (const [name, text] of [
  ['api-types.ts', typesFile()],
  ['operations.ts', operationsFile()],
] as const) {
  const path = join(folder, name)
  const wanted = formatted(name, text)
  if (existsSync(path) && readFileSync(path, 'utf8') === wanted) continue
  if (process.argv.includes('--check')) stale.push(name)
  else writeFileSync(path, wanted)
}
if (stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run "npm run client".`)
  process.exitCode = 1
}
