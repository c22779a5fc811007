/** The app as v3's routes see it: schemas give the types of requests. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'

const withTypes = (app: FastifyInstance) => app.withTypeProvider<TypeBoxTypeProvider>()

export type V3 = ReturnType<typeof withTypes>
