/**
 * Preloaded by `npm test`: leads imports of the sources to the bundle that was made of them (`scripts/bundle-sources.ts`), and
 * all of them, so that no module is there twice.
 */
import { registerHooks, setSourceMapsSupport } from 'node:module'
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'

const sources = pathToFileURL(join(import.meta.dirname, '..', '..', 'src') + sep).href
const bundle = pathToFileURL((process.env['STRONGROOM_TEST_BUNDLE'] ?? '') + sep).href

// So that what fails is named where it is written. Threads say nothing themselves, and there are many.
if (isMainThread) setSourceMapsSupport(true, { nodeModules: true })

registerHooks({
  resolve: (specifier, context, next) => {
    const found = /^(?:\.{1,2}\/|file:).*\.ts$/.test(specifier) ? new URL(specifier, context.parentURL).href : ''
    if (!found.startsWith(sources)) return next(specifier, context)
    const url = `${bundle}${found.slice(sources.length, -'.ts'.length)}.js`
    return { url, format: 'module', shortCircuit: true }
  },
})
