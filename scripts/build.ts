/**
 * `npm run build`: makes `dist` of `src`. The command and the server become few files with all that they need in them, as a
 * thousand modules are slow to find and to load; the client stays as it is, with its types.
 */
import { execFileSync } from 'node:child_process'
import { createHash, hash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { build, type OutputChunk } from 'rolldown'

const root = join(import.meta.dirname, '..')

/** Reads a file of its own package, so it stays where that file is. */
const external = ['@scalar/fastify-api-reference']

/** The other build asks the environment at each word whether to print it: slow, and it would print values. */
const alias = { yaml: join(root, 'node_modules/yaml/browser/index.js') }

/** Which sources each folder was built of. */
const marks = join(root, 'node_modules/.cache/built')

/** What the build depends on. */
function sourcesHash(): string {
  // A copy of the tree that is packed has no lock file.
  const sources = globSync(['src/**/*', 'scripts/build.ts', 'package-lock.json'], { cwd: root })
  const digest = createHash('sha256')
  for (const path of sources.sort()) {
    const file = join(root, path)
    if (statSync(file).isFile()) digest.update(`${path}\0${hash('sha256', readFileSync(file), 'hex')}\n`)
  }
  return digest.digest('hex')
}

function markOf(folder: string): string {
  return join(marks, hash('sha256', folder, 'hex'))
}

/** As `buildCommand`, unless it was built of these very sources: another process may be running what is there. */
export async function buildCommandOnce(folder: string): Promise<void> {
  const mark = markOf(folder)
  const isBuilt =
    existsSync(join(folder, 'main.js')) && existsSync(mark) && readFileSync(mark, 'utf8') === sourcesHash()
  if (!isBuilt) await buildCommand(folder)
}

/** Bundles the command, the server and its threads, into a folder beside `src`, with the licences of all. */
export async function buildCommand(folder: string): Promise<void> {
  const sources = sourcesHash()
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
  mkdirSync(marks, { recursive: true })
  writeFileSync(markOf(folder), sources)
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
