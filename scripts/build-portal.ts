/**
 * `npm run build:portal`, and `prepare` of `npm ci`: builds `portal/` into `portal/dist`, with a Brotli and a gzip form
 * of each text. Where there are no sources of it, or no builder (`npm ci --omit=dev`), it says so and leaves things be.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = join(import.meta.dirname, '..')
const portal = join(root, 'portal')
const isText = /\.(?:js|css|html|svg|json)$/

if (!existsSync(join(portal, 'index.html'))) {
  console.error('The sources of the portal are not here: it is not built.')
} else if (!existsSync(join(root, 'node_modules/vite'))) {
  console.error('Vite is not installed (it is a development dependency): the portal is not built.')
} else {
  const { build } = await import('vite')
  await build({ root: portal, configFile: join(portal, 'vite.config.ts'), logLevel: 'warn' })
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
