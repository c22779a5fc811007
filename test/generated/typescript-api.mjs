/**
 * For the generator of the TypeScript client, which calls TypeScript's JavaScript API: TypeScript 7 has none, so it gets the
 * one that another package carries.
 */
import { registerHooks } from 'node:module'

const url = 'strongroom:typescript'
const source = "import { ts } from '@ts-morph/common'\nexport default ts\n"

registerHooks({
  resolve(name, context, next) {
    if (name === 'typescript') return { url, format: 'module', shortCircuit: true }
    return next(name, context.parentURL === url ? { ...context, parentURL: import.meta.url } : context)
  },
  load(asked, context, next) {
    return asked === url ? { format: 'module', source, shortCircuit: true } : next(asked, context)
  },
})
