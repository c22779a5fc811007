/**
 * `npm run build:action`: bundles `action/src` into `action/bundle/main.mjs`, which is committed, as a runner runs what
 * the repository holds. A test holds it to the sources.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'vite'

const root = join(import.meta.dirname, '..')
export const bundlePath = join(root, 'action/bundle/main.mjs')

/** One file, readable, with nothing outside of Node. */
export async function bundleAction(): Promise<string> {
  const built = await build({
    root: join(root, 'action'),
    configFile: false,
    envDir: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      write: false,
      ssr: 'src/main.ts',
      target: 'node24',
      minify: false,
      rolldownOptions: { output: { format: 'es', entryFileNames: 'main.mjs' } },
    },
  })
  const outputs = [built].flat().flatMap((part) => ('output' in part ? part.output : []))
  const [chunk, ...others] = outputs
  if (chunk?.type !== 'chunk' || others.length > 0) throw new Error('The bundle is not one file.')
  return `// Made by "npm run build:action" from action/src and src/client. Do not edit.\n${chunk.code}`
}

if (import.meta.main) {
  mkdirSync(dirname(bundlePath), { recursive: true })
  writeFileSync(bundlePath, await bundleAction())
}
