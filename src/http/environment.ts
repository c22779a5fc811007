/** The environment of a request: named by a header or in the query, and answered in a header, for every route that is in one. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { invalid } from '../errors.ts'
import { environmentRule, isEnvironmentName } from '../model/environment.ts'
import type { Asker } from '../vault/vault.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether what is asked is in an environment; `strict` where nothing is found beyond the one that is meant. */
    environment?: 'meant' | 'strict'
  }
}

const headerName = 'strongroom-environment'
const onlyMeant = { name: undefined, isStrict: true } as const

/**
 * The asker of a request, in the environment that it names.
 *
 * @throws Refusal `invalid` for what names none, or two
 */
export function inEnvironment(request: FastifyRequest, reply: FastifyReply, asker: Asker): Asker {
  const { environment: way } = request.routeOptions.config
  if (way === undefined) return asker
  const onEnvironment = (name: string) => void reply.header(headerName, name)
  const name = nameIn(request)
  if (name !== undefined) return { ...asker, onEnvironment, environment: { name, isStrict: way === 'strict' } }
  return way === 'strict' ? { ...asker, onEnvironment, environment: onlyMeant } : { ...asker, onEnvironment }
}

/** A refusal does not say where. */
export function forgetEnvironment(reply: FastifyReply): void {
  reply.removeHeader(headerName)
}

function nameIn({ headers, query }: FastifyRequest): string | undefined {
  const inHeader = headers[headerName]
  const { environment: inQuery } = Object(query)
  if (inHeader === undefined && inQuery === undefined) return undefined
  const name: unknown = inHeader ?? inQuery
  if (typeof name !== 'string' || !isEnvironmentName(name)) {
    throw invalid(inHeader === undefined ? 'environment' : 'Strongroom-Environment', `Must be ${environmentRule}.`)
  }
  if (inQuery !== undefined && inQuery !== name) {
    throw invalid('environment', 'Must be the one that the header Strongroom-Environment names, or be left out.')
  }
  return name
}
