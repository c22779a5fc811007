/**
 * `npm run build`: makes `dist` of `src`. The command and the server become few files with all that they need in them, as a
 * thousand modules are slow to find and to load; the client stays as it is, with its types.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { build, type OutputChunk } from 'rolldown'
import { type Building, buildOf, isBuilt } from './built.ts'

const root = join(import.meta.dirname, '..')

/** Reads a file of its own package, so it stays where that file is. */
const external = ['@scalar/fastify-api-reference']

/** The other build asks the environment at each word whether to print it: slow, and it would print values. */
const alias = { yaml: join(root, 'node_modules/yaml/browser/index.js') }

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
  return buildOf(ofCommand(folder), () => bundle(folder))
}

async function bundle(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  const { output } = await build({
    input: {
      main: join(root, 'src/main.ts'),
      worker: join(root, 'src/store/sqlite/worker.ts'),
      'strength-worker': join(root, 'src/vault/strength-worker.ts'),
    },
    platform: 'node',
    external,
    resolve: { alias },
    output: { dir: folder, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', comments: false },
    logLevel: 'warn',
  })
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES.txt'), licencesOf(output.filter((part) => part.type === 'chunk')))
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
