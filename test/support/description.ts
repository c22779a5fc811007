/** The API's description as the tests read it: in one piece, and held against what servers really answer. */
import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { describeApis } from '../../src/http/routes/open/reference.ts'

export interface DescribedHeader {
  readonly required?: boolean
}

export interface DescribedOperation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly required?: boolean }[]
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: object; readonly example?: unknown }>>
  }
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly headers?: Readonly<Record<string, DescribedHeader>>
        readonly content?: Readonly<Record<string, { readonly schema: object }>>
      }
    >
  >
}

export interface Description {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
}

/** Without references: each is replaced by what it refers to. */
export function whole(document: object): Description {
  const inline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inline)
    if (typeof value !== 'object' || value === null) return value
    if ('$ref' in value) return inline(referred(document, value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inline(one)]))
  }
  return JSON.parse(JSON.stringify(inline(document)))
}

/** What a value refers to, or the value itself. */
function referred(document: object, value: unknown): unknown {
  const { $ref } = Object(value)
  if (typeof $ref !== 'string') return value
  const found = $ref
    .split('/')
    .slice(1)
    .reduce((inside: unknown, part) => Object(inside)[part], document)
  return referred(document, found ?? assert.fail(`${$ref} leads nowhere`))
}

/** The part that these names lead to, through references. To make all of it `whole` takes as long as a small test. */
function partOf(document: object, from: unknown, ...names: readonly (string | number)[]): unknown {
  return names.reduce((inside: unknown, name) => referred(document, Object(inside)[name]), from)
}

/** Headers of every answer, and of none in particular. */
const common = [
  ...['cache-control', 'content-type', 'content-length', 'x-content-type-options', 'connection', 'keep-alive', 'date'],
  ...['transfer-encoding', 'allow', 'vary', 'strict-transport-security'],
]

let described: object | undefined

/**
 * Watches whether whatever the server answers is described: its status, and its headers.
 *
 * @returns what fails, at its end, the test that got an answer which is not
 */
export function watchAnswers(app: FastifyInstance): () => void {
  const answers: {
    readonly method: string
    readonly path: string
    readonly status: number
    readonly headers: string[]
  }[] = []
  const seen = new Set<string>()
  app.addHook('onResponse', (request, reply, done) => {
    const { url = '' } = request.routeOptions
    const headers = Object.keys(reply.getHeaders())
    const key = `${request.method} ${url} ${reply.statusCode} ${headers.join()}`
    if (!seen.has(key)) {
      seen.add(key)
      const path = url.replaceAll(/:(\w+)/g, '{$1}')
      answers.push({ method: request.method.toLowerCase(), path, status: reply.statusCode, headers })
    }
    done()
  })
  return () => {
    const strange = new Set<string>()
    for (const { method, path, status, headers } of answers.splice(0)) {
      described ??= describeApis()
      const operation = partOf(described, described, 'paths', path, method)
      // What stands in the place of an id is a path of its own, whose 405 the router's path does not have.
      if (operation === undefined || status === 405) continue
      const answer = partOf(described, operation, 'responses', status)
      const names = Object.keys(Object(partOf(described, answer, 'headers'))).map((name) => name.toLowerCase())
      const unknown = headers.filter((name) => !common.includes(name) && !names.includes(name))
      if (answer === undefined) strange.add(`${method} ${path}: ${status}`)
      else if (unknown.length > 0) strange.add(`${method} ${path}: ${status} with ${unknown.join()}`)
    }
    assert.deepEqual([...strange], [], 'answers that /openapi.json does not describe')
  }
}
