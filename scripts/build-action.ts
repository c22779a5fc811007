/**
 * `npm run build:action`: bundles `action/src` into `action/bundle/main.mjs` and `post.mjs`, which are committed, as a runner
 * runs what the repository holds. A test holds them to the sources.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'vite'

const root = join(import.meta.dirname, '..')
/** What a runner starts: the step, and the end of the job. */
export const entries = ['main', 'post'] as const
type Entry = (typeof entries)[number]

export function bundlePath(entry: Entry): string {
  return join(root, `action/bundle/${entry}.mjs`)
}

/** One file, readable, with nothing outside of Node. */
export async function bundleAction(entry: Entry): Promise<string> {
  const built = await build({
    root: join(root, 'action'),
    configFile: false,
    envDir: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      write: false,
      ssr: `src/${entry}.ts`,
      target: 'node24',
      minify: false,
      rolldownOptions: { output: { format: 'es', entryFileNames: `${entry}.mjs` } },
    },
  })
  const outputs = [built].flat().flatMap((part) => ('output' in part ? part.output : []))
  const [chunk, ...others] = outputs
  if (chunk?.type !== 'chunk' || others.length > 0) throw new Error('The bundle is not one file.')
  return `// Made by "npm run build:action" from action/src, src/client and src/formats. Do not edit.\n${chunk.code}`
}

if (import.meta.main) {
  for (const entry of entries) {
    mkdirSync(dirname(bundlePath(entry)), { recursive: true })
    writeFileSync(bundlePath(entry), await bundleAction(entry))
  }
}
