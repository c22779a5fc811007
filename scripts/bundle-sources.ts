/**
 * The sources as one piece, for the processes that test them: hundreds of them would each find, translate and compile more
 * than a thousand modules, and so would the thread of each store. `test/support/bundled.mjs` leads their imports here.
 */
import { hash } from 'node:crypto'
import { existsSync, globSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'rolldown'
import { external } from './build.ts'
import { hashOf } from './built.ts'

const root = join(import.meta.dirname, '..')
const bundles = join(root, 'node_modules/.cache/bundled-sources')

/** All that decides what comes out. */
const ingredients = ['src/**/*', 'scripts/{bundle-sources,build}.ts', 'package-lock.json']

/** Each is loaded by itself. */
const threads = ['store/sqlite/worker', 'vault/strength-worker', 'crypto/providers/pkcs11-call']

const day = 24 * 60 * 60 * 1000

/**
 * Bundles the sources as they are now, unless these very sources were bundled before: the folder's name is the hash of their
 * content, and its code never changes. Another run keeps the folder that it began with.
 *
 * @returns the folder, with a file for each of the sources
 */
export async function bundleSources(): Promise<string> {
  const folder = folderOfNow()
  if (!existsSync(folder)) await makeWhole(folder)
  const now = new Date()
  utimesSync(folder, now, now)
  removeOlderThan(bundles, now.getTime() - day)
  return folder
}

function folderOfNow(): string {
  return join(bundles, hash('sha256', `${root}\n${hashOf({ sources: ingredients })}`))
}

/** It is there when all of it is. */
async function makeWhole(folder: string): Promise<void> {
  const making = `${folder}.${process.pid}`
  await bundle(making)
  if (folderOfNow() !== folder) {
    rmSync(making, { recursive: true, force: true })
    throw new Error('The sources changed while they were bundled. Run the tests again.')
  }
  try {
    renameSync(making, folder)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    // Another run has made the same meanwhile.
    if (!existsSync(folder)) throw error
  }
}

/**
 * @param folder whose files and folders are removed, with what is in them
 * @param time in milliseconds since 1970
 */
export function removeOlderThan(folder: string, time: number): void {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const found = statSync(path, { throwIfNoEntry: false })
    if (found !== undefined && found.mtimeMs < time) rmSync(path, { recursive: true, force: true })
  }
}

async function bundle(folder: string): Promise<void> {
  const sources = globSync('**/*.ts', { cwd: join(root, 'src') }).map((file) => file.slice(0, -'.ts'.length))
  const alone = ['main', ...threads]
  await make(
    folder,
    Object.fromEntries(sources.flatMap((name) => (alone.includes(name) ? [] : [[name, nameOf(name)]]))),
  )
  // What starts them looks for them beside itself.
  for (const name of threads) await make(folder, { [basename(name)]: nameOf(name) }, `${basename(name)}-[name].js`)
}

function nameOf(source: string): string {
  return join(root, 'src', `${source}.ts`)
}

async function make(folder: string, input: Record<string, string>, chunkFileNames = '[name].js'): Promise<void> {
  await build({
    input,
    platform: 'node',
    external,
    // What lies beside the sources does not lie beside the bundle.
    transform: { define: { 'import.meta.dirname': JSON.stringify(join(root, 'src')) } },
    output: {
      dir: folder,
      entryFileNames: '[name].js',
      chunkFileNames,
      codeSplitting: { groups: [{ name: 'all', test: /[\\/]src[\\/]/ }] },
      sourcemap: true,
    },
    checks: { ineffectiveDynamicImport: false },
    logLevel: 'warn',
  })
}
