/** `npm run build:portal`: builds `portal/` and the pages of `docs/` into `portal/dist`, with a Brotli and a gzip form of each text. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'
import { type Building, buildOf, isBuilt } from './built.ts'
import { writeDocsPages } from './docs-pages.ts'

const portal = join(import.meta.dirname, '..', 'portal')
const isText = /\.(?:js|css|html|svg|json)$/

const building: Building = {
  folder: join(portal, 'dist'),
  sources: [
    ...['portal/*.*', 'portal/{src,public}/**/*', 'src/**/*', 'docs/*.md', 'package-lock.json'],
    ...['scripts/build-portal.ts', 'scripts/docs-pages.ts', 'scripts/docs-slug.ts'],
  ],
}

/** As `buildPortal`, unless it was built of these very sources. */
export async function buildPortalOnce(): Promise<void> {
  if (!isBuilt(building)) await buildPortal()
}

export function buildPortal(): Promise<void> {
  return buildOf(building, bundle)
}

async function bundle(): Promise<void> {
  await build({ root: portal, configFile: join(portal, 'vite.config.ts'), logLevel: 'warn' })
  writeDocsPages(join(portal, 'dist'))
  for (const path of globSync('**/*', { cwd: join(portal, 'dist') }).filter((name) => isText.test(name))) {
    const file = join(portal, 'dist', path)
    const bytes = readFileSync(file)
    writeFileSync(
      `${file}.br`,
      brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
    )
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
  }
}

if (import.meta.main) await buildPortal()
