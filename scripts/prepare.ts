/** `prepare`, a part of `npm ci` and `npm pack`: builds what runs. With `--omit=dev` nothing can be built, and it says so. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

if (!existsSync(join(root, 'node_modules/rolldown'))) {
  console.error(
    'Without the development dependencies nothing is built: the command runs from its sources, the portal not.',
  )
} else {
  if (existsSync(join(root, 'portal/index.html'))) await (await import('./build-portal.ts')).buildPortal()
  else console.error('The sources of the portal are not here: it is not built.')
  const { buildClient, buildCommand } = await import('./build.ts')
  await buildCommand(join(root, 'dist'))
  buildClient()
}
