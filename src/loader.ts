/**
 * Loads what the command and the server are built of, together with what V8 compiled of it when they last ran. Node's own
 * cache has what a file compiles when it is read; this one has the functions too that were called until it was kept, which
 * is most of what a start would compile anew.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { createRequire, enableCompileCache, getCompileCacheDir } from 'node:module'
import { join } from 'node:path'
import { Script } from 'node:vm'

type Require = (id: string) => unknown
type Run = (exports: object, require: Require, module: { exports: object }, path: string, folder: string) => void

interface Loaded {
  readonly module: { exports: object }
  readonly script: Script
}

const folder = import.meta.dirname
const ofNode = createRequire(import.meta.url)

/**
 * Loads a script of the build, and those that it asks for.
 *
 * @param purpose what is compiled is kept for it: other commands call other functions of the same scripts
 */
export function load(name: string, purpose: string): { readonly exports: object; readonly keep: () => void } {
  // Beside the code itself: whoever could change the one could change the other. Where it cannot be written, it is not.
  enableCompileCache(join(folder, '..', 'node_modules', '.cache', 'strongroom'))
  const place = getCompileCacheDir()
  const path = place === undefined || !/^[a-z-]+$/.test(purpose) ? undefined : join(place, `${purpose}.compiled`)
  const known = path === undefined ? new Map<string, Buffer>() : readCompiled(path)
  const loaded = new Map<string, Loaded>()
  let isWhole = true

  const require: Require = (id) => (id.startsWith('./') ? exportsOf(id.slice(2)) : ofNode(id))
  function exportsOf(one: string): object {
    const there = loaded.get(one)
    if (there !== undefined) return there.module.exports
    const filename = join(folder, one)
    const cachedData = known.get(one)
    const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'latin1')}\n})`
    const script = new Script(source, { filename, cachedData })
    if (cachedData === undefined || script.cachedDataRejected === true) isWhole = false
    const module = { exports: {} }
    loaded.set(one, { module, script })
    const run: Run = script.runInThisContext()
    run(module.exports, require, module, filename, folder)
    return module.exports
  }

  const keep = () => {
    if (path !== undefined && !isWhole) {
      for (const [one, { script }] of loaded) known.set(one, script.createCachedData())
      keepCompiled(path, known)
    }
    isWhole = true
    known.clear()
  }
  return { exports: exportsOf(name), keep }
}

/** A line of JSON says which scripts are in it, and how long what was compiled of each is. */
function readCompiled(path: string): Map<string, Buffer> {
  try {
    const bytes = readFileSync(path)
    const head = bytes.indexOf('\n')
    const parts: readonly (readonly [string, number])[] = JSON.parse(bytes.toString('latin1', 0, head))
    let end = head + 1
    return new Map(
      parts.map(([name, length]) => {
        end += length
        return [name, bytes.subarray(end - length, end)]
      }),
    )
  } catch {
    return new Map()
  }
}

/** Whole or not at all: V8 trusts what it reads. Where it cannot be written, the next start compiles again. */
function keepCompiled(path: string, compiled: ReadonlyMap<string, Buffer>): void {
  const parts = [...compiled].filter(([name]) => existsSync(join(folder, name)))
  const made = `${path}.${process.pid}`
  try {
    const file = openSync(made, 'w', 0o600)
    try {
      writeSync(file, `${JSON.stringify(parts.map(([name, bytes]) => [name, bytes.length]))}\n`)
      for (const [, bytes] of parts) writeSync(file, bytes)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(made, path)
  } catch {
    rmSync(made, { force: true })
  }
}
