/**
 * Preloaded by `test/faults`: reads some sources with the faults that are planted in them. Its own query names the file that
 * has their texts, as the threads of a store have no variables.
 */
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

const planted = fileURLToPath(new URL(import.meta.url).searchParams.get('texts') ?? '')
const texts = new Map(JSON.parse(readFileSync(planted, 'utf8')).map(([path, text]) => [pathToFileURL(path).href, text]))

registerHooks({
  load: (url, context, next) => {
    const text = texts.get(url)
    if (text === undefined) return next(url, context)
    return { format: 'module', source: stripTypeScriptTypes(text), shortCircuit: true }
  },
})
