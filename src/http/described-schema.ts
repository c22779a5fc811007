/** The schemas of the description: in the words of OpenAPI 3.1, and what has a title once, under it. */

export type Schema = Readonly<Record<string, unknown>>

/** Said less often, a parameter stays where it is. */
const oftenSaid = 3

export class Schemas {
  readonly #named = new Map<string, Schema>()
  readonly #parameters = new Map<
    string,
    { readonly name: string; count: number; readonly uses: Record<string, unknown>[] }
  >()

  /** A schema, or whatever holds some, as it is shown; those with a title become references to it. */
  shown(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.shown(one))
    if (!isSchema(value)) return value
    const { title, ...rest } = translated(value)
    const schema = this.#each(rest, (one, name) => {
      if (dataNames.has(name)) return one
      if (name === 'description' && typeof one === 'string') return markdown(one)
      return name === 'properties' && isSchema(one)
        ? this.#each(one, (property) => this.shown(property))
        : this.shown(one)
    })
    if (typeof title !== 'string') return schema
    this.#keep(title, schema)
    return { $ref: `#/components/schemas/${title}` }
  }

  /** A parameter, to be shared with every operation that has the same. */
  parameter(given: object): object {
    const shown = this.shown(given)
    if (!isSchema(shown)) throw new Error('A parameter is an object.')
    const key = JSON.stringify(shown)
    const name = `${shown['name']}`
    const known = this.#parameters.get(key) ?? { name, count: 0, uses: [] }
    this.#parameters.set(key, known)
    const use = { ...shown }
    known.count += 1
    known.uses.push(use)
    return use
  }

  /** Those that are said often: their uses refer to them from now on. */
  parameters(): object {
    const taken = new Set<string>()
    const shared = [...this.#parameters].flatMap(([key, { name, count, uses }]): [string, unknown][] => {
      if (count < oftenSaid || taken.has(name)) return []
      taken.add(name)
      // Generators make types of these names, beside those of the schemas: a parameter "list" is no "List".
      const component = `${name}Parameter`
      for (const use of uses) {
        for (const field of Object.keys(use)) Reflect.deleteProperty(use, field)
        use['$ref'] = `#/components/parameters/${component}`
      }
      return [[component, JSON.parse(key)]]
    })
    return Object.fromEntries(shared)
  }

  all(): object {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  #keep(title: string, schema: Schema): void {
    const known = this.#named.get(title)
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(`Two schemas are called ${title}: give one of them another title.`)
    }
    this.#named.set(title, schema)
  }

  #each(fields: Schema, show: (one: unknown, name: string) => unknown): Schema {
    return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, show(one, name)]))
  }
}

/** Under these names are values, in which nothing is a schema. */
const dataNames: ReadonlySet<string> = new Set(['examples', 'example', 'enum', 'const', 'default', 'required'])

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A text as Markdown, which readers show it as: names with `_` and patterns with `*` are code, or they would lose both.
 */
export function markdown(text: string): string {
  const isCode = (at: number) => at % 2 === 1
  const parts = text.split(/(`[^`]*`)/)
  return parts
    .map((part, at) => (isCode(at) ? part : part.replaceAll(/[\w.*-]*[*_](?:[\w.*-]*[\w*])?/g, '`$&`')))
    .join('')
}

/** What a text of a URL means to whoever writes one, a type for what may be null, and a size for every number. */
function translated({ 'x-about': about, ...given }: Schema): Schema {
  // What is expected is said to whoever sent something else; what it is for, to whoever reads.
  const schema = about === undefined ? given : { ...given, description: about }
  const { 'x-described-as': meant, pattern, maxLength, minLength, type, ...others } = schema
  if (isSchema(meant)) return { ...others, ...meant }
  const { anyOf, const: word, patternProperties, ...rest } = schema
  if (word !== undefined) return { ...rest, enum: [word] }
  if (isSchema(patternProperties)) return { ...rest, additionalProperties: Object.values(patternProperties)[0] }
  if (Array.isArray(anyOf)) return oneOfWords(anyOf, rest) ?? nullable(anyOf, rest) ?? schema
  if (Array.isArray(schema['enum']) && type === undefined) return { type: 'string', ...schema }
  if (type === 'integer' && schema['format'] === undefined) return { ...schema, format: 'int64' }
  return schema
}

/** A choice of words alone, as one list of them: generators make a type of each part of a union. */
function oneOfWords(anyOf: readonly unknown[], rest: Schema): Schema | undefined {
  const parts = anyOf.map(wordsOf)
  const isWords = parts.every((words) => words.length > 0 && words.every((word) => typeof word === 'string'))
  return isWords ? { ...rest, type: 'string', enum: parts.flat() } : undefined
}

function wordsOf(schema: unknown): readonly unknown[] {
  if (!isSchema(schema)) return []
  const { enum: words, const: word } = schema
  if (word !== undefined) return [word]
  return Array.isArray(words) ? words : []
}

/** One of a simple type, or null. */
function nullable(anyOf: readonly unknown[], rest: Schema): Schema | undefined {
  const [one, other] = anyOf
  if (anyOf.length !== 2 || !isSchema(one) || !isSchema(other) || other['type'] !== 'null') return undefined
  const { type, enum: words, ...inside } = translated(one)
  if (typeof type !== 'string' || type === 'object' || inside['title'] !== undefined) return undefined
  return {
    ...inside,
    ...rest,
    type: [type, 'null'],
    ...(Array.isArray(words) ? { enum: [...words, null] } : {}),
  }
}
