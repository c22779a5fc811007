/**
 * Validators and serializers of the routes, each compiled when it is first used: to compile those of every route takes
 * a third of a second, and a process that has just started should answer.
 */
import AjvCompiler from '@fastify/ajv-compiler'
import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import type { FastifyInstance } from 'fastify'
import type { FastifyValidationResult } from 'fastify/types/schema.js'

const compileValidator = AjvCompiler()(
  {},
  {
    customOptions: {
      removeAdditional: false,
      coerceTypes: false,
      useDefaults: false,
      allErrors: true,
      // A value must not be quoted by the validator's report, and is not: only keyword, place and schema are used.
      verbose: true,
      // For the description of the API alone.
      keywords: ['x-described-as', 'x-about'],
    },
  },
)
const compileSerializer = SerializerSelector()()

/** Has the routes of `app` compile what they check and write with at their first request. */
export function compileLate(app: FastifyInstance): void {
  app.setValidatorCompiler((route) => lateValidator(() => compileValidator(route)))
  app.setSerializerCompiler((route) =>
    lateSerializer(() => compileSerializer({ ...route, httpStatus: route.httpStatus ?? '' })),
  )
}

function lateValidator(compile: () => ReturnType<typeof compileValidator>): FastifyValidationResult {
  let compiled: ReturnType<typeof compileValidator> | undefined
  const validate: FastifyValidationResult = (value) => {
    compiled ??= compile()
    const isValid = compiled(value) === true
    validate.errors = compiled.errors ?? null
    return isValid
  }
  return validate
}

function lateSerializer(compile: () => (value: unknown) => string): (value: unknown) => string {
  let compiled: ((value: unknown) => string) | undefined
  return (value) => {
    compiled ??= compile()
    return compiled(value)
  }
}
