/**
 * `npm run build`: makes `dist` of `src`. The command and the server become few files with all that they need in them, as a
 * thousand modules are slow to find and to load; the client stays as it is, with its types.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, sep } from 'node:path'
import { build, type LogLevel, type OutputChunk, type Plugin, type RolldownLog } from 'rolldown'
import { type Building, buildOf, isBuilt } from './built.ts'

const root = join(import.meta.dirname, '..')

/** Reads a file of its own package, so it stays where that file is. */
export const external = ['@scalar/fastify-api-reference']

/** The other build asks the environment at each word whether to print it: slow, and it would print values. */
const alias = { yaml: join(root, 'node_modules/yaml/browser/index.js') }

/**
 * Parts of Node.js, without those that a process would load and never use. An import reads all that a part exports, and with it
 * loads what that makes when it is read: of `node:http` WebSocket, for which Node.js loads its own client of HTTP, of 15 MB; of
 * `node:fs` streams; of `node:process` the standard input. Here each of these is read where it is imported, and nowhere else.
 */
function partOf(name: string): string {
  // Fastify asks for HTTP/2, of 11 MB, whether it is to serve it or not.
  if (name === 'node:http2') return 'export {}'
  const found = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name)))
  const named = found.filter(([one]) => /^[A-Za-z_$][\w$]*$/.test(one) && one !== 'default')
  const [made, ready] = [named.filter(([, { get }]) => get), named.filter(([, { get }]) => !get)]
  return `const part = ${part(name)}
    export default part
    export const { ${ready.map(([one]) => one).join(', ')} } = part
    ${made.map(([one]) => `export const ${one} = /* @__PURE__ */ (() => part.${one})()`).join('\n')}`
}

function part(name: string): string {
  return `process.getBuiltinModule('${name}')`
}

const lighter: Plugin = {
  name: 'lighter',
  resolveId: (id, importer = '', { kind }) => {
    const name = id.startsWith('node:') ? id : `node:${id}`
    if (!isBuiltin(name) || (name !== 'node:http2' && kind !== 'import-statement')) return null
    return name === 'node:child_process' && /node_modules.commander/.test(importer) ? '\0children' : `\0${name}`
  },
  load: (id) => {
    // Of commands that are programs of their own: there are none here.
    if (id === '\0children') return `export default { get spawn() { return ${part('node:child_process')}.spawn } }`
    return id.startsWith('\0node:') ? partOf(id.slice(1)) : null
  },
}

/** Parts of Node.js that it has loaded anyhow: one file, as each takes time to be found. */
const groups = [
  { name: 'node', test: /^\0node:(?:buffer|events|fs|module|os|path|process|stream|string_decoder|url|util)$/ },
]

/** A text of ASCII alone takes a byte a character in memory, and any other two. */
const ascii: Plugin = {
  name: 'ascii',
  generateBundle: (_options, bundle) => {
    for (const part of Object.values(bundle)) if (part.type === 'chunk') part.code = escaped(part.code)
  },
}

function escaped(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const ofCommand = (folder: string): Building => ({
  folder,
  sources: ['src/**/*', 'scripts/build.ts', 'package-lock.json'],
})

/** As `buildCommand`, unless it was built of these very sources: another process may be running what is there. */
export async function buildCommandOnce(folder: string): Promise<void> {
  if (!isBuilt(ofCommand(folder)) || !existsSync(join(folder, 'main.js'))) await buildCommand(folder)
}

/** Bundles the command, the server and its threads, into a folder beside `src`, with the licences of all. */
export function buildCommand(folder: string): Promise<void> {
  return buildOf(ofCommand(folder), () => bundleCommand(folder))
}

/** What it compiled is kept once it has done its work, or the server is ready, and not when it failed before. */
const mainOf = (script: string) => `import { load } from './loader.js'
const { exports, keep } = load('${script}', process.argv[2] ?? '')
await exports.start()
if (process.exitCode === undefined) keep()
`

/** When the thread has most likely done all that a start asks of it. */
const workerOf = (script: string) => `import { load } from './loader.js'
const { keep } = load('${script}', 'store')
setTimeout(keep, 2000).unref()
`

/** Other texts of sources, by their paths: for a build that is not of the sources as they are. */
export type Changes = ReadonlyMap<string, string>

/** Reads these texts where it would read the sources. */
export function changed(changes: Changes): Plugin {
  return { name: 'changed', load: (id) => changes.get(id) ?? null }
}

/** A build that somebody has to look at is none. @throws Error */
function refuseWarning(level: LogLevel, { message }: RolldownLog): void {
  if (level === 'warn') throw new Error(message)
}

/** The same, whatever was built there before: that stays until all is made, and where the build fails. */
export async function bundleCommand(folder: string, changes: Changes = new Map()): Promise<void> {
  const making = `${folder}.${process.pid}`
  try {
    await bundle(making, changes)
    rmSync(folder, { recursive: true, force: true })
    renameSync(making, folder)
  } catch (error) {
    rmSync(making, { recursive: true, force: true })
    throw error
  }
}

async function bundle(folder: string, changes: Changes): Promise<void> {
  const common = { platform: 'node', external, resolve: { alias }, onLog: refuseWarning } as const
  const plugins = [changed(changes), lighter, ascii]
  // Scripts, which the loader runs with what was compiled of them before.
  const scripts = await build({
    ...common,
    input: { command: join(root, 'src/start.ts'), store: join(root, 'src/store/sqlite/worker.ts') },
    plugins,
    output: {
      dir: folder,
      format: 'cjs',
      // Node.js warns of import() in a script that the loader runs: it is an experiment there.
      dynamicImportInCjs: false,
      entryFileNames: '[name]-[hash].js',
      chunkFileNames: '[name]-[hash].js',
      codeSplitting: { groups },
      comments: false,
    },
  })
  const modules = await build({
    ...common,
    input: {
      loader: join(root, 'src/loader.ts'),
      'strength-worker': join(root, 'src/vault/strength-worker.ts'),
      'pkcs11-call': join(root, 'src/crypto/providers/pkcs11-call.ts'),
    },
    plugins,
    output: { dir: folder, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', comments: false },
  })
  const output = [...scripts.output, ...modules.output].filter((part) => part.type === 'chunk')
  const nameOf = (name: string) => {
    const entry = output.find((part) => part.isEntry && part.name === name)
    if (entry === undefined) throw new Error(`The build has no ${name}.`)
    return entry.fileName
  }
  writeFileSync(join(folder, 'main.js'), mainOf(nameOf('command')))
  writeFileSync(join(folder, 'worker.js'), workerOf(nameOf('store')))
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), licencesOf(output))
}

function licencesOf(chunks: readonly OutputChunk[]): string {
  const inside = `${sep}node_modules${sep}`
  const packages = new Set(
    chunks
      .flatMap(({ moduleIds }) => moduleIds)
      .filter((id) => id.includes(inside))
      .map((id) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0] ?? ''),
  )
  const texts = [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const files = globSync('{LICEN[CS]E,licen[cs]e,COPYING}*', { cwd: folder })
    return [`${name} ${version} (${license})`, ...files.map((file) => readFileSync(join(folder, file), 'utf8'))].join(
      '\n\n',
    )
  })
  return texts.join(`\n\n${'-'.repeat(80)}\n\n`)
}

/** With its declarations, and held to what every runtime has. */
export function buildClient(): void {
  rmSync(join(root, 'dist/client'), { recursive: true, force: true })
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['--project', 'tsconfig.client.json'], {
    cwd: root,
    stdio: 'inherit',
  })
}

if (import.meta.main) {
  await buildCommand(join(root, 'dist'))
  buildClient()
}
