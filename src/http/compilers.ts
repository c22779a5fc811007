/**
 * Validators and serializers of the routes, each compiled when it is first used: to compile those of every route takes
 * a third of a second, and a process that has just started should answer. Servers of one process share them.
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
      // A test holds the schemas to what a schema may be: to find that out takes as long as ten of them.
      meta: false,
      validateSchema: false,
      // For the description of the API alone.
      keywords: ['x-described-as', 'x-about'],
    },
  },
)
const compileSerializer = SerializerSelector()()

type Validate = ReturnType<typeof compileValidator>
type Serialize = (value: unknown) => string

const validators = new WeakMap<object, Validate>()
const serializers = new WeakMap<object, Serialize>()

/** Has the routes of `app` compile what they check and write with at their first request. */
export function compileLate(app: FastifyInstance): void {
  app.setValidatorCompiler((route) => {
    const validate = late(validators, route.schema, () => compileValidator(route))
    const check: FastifyValidationResult = (value) => {
      const compiled = validate()
      const isValid = compiled(value) === true
      check.errors = compiled.errors ?? null
      return isValid
    }
    return check
  })
  app.setSerializerCompiler((route) => {
    const serialize = late(serializers, route.schema, () =>
      compileSerializer({ ...route, httpStatus: route.httpStatus ?? '' }),
    )
    return (value) => serialize()(value)
  })
}

/** What is compiled of a schema depends upon nothing else. */
function late<Compiled>(known: WeakMap<object, Compiled>, schema: object, compile: () => Compiled): () => Compiled {
  let compiled: Compiled | undefined
  return () => {
    if (compiled === undefined) {
      compiled = known.get(schema) ?? compile()
      known.set(schema, compiled)
    }
    return compiled
  }
}
