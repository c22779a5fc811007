/** Where the package lies: what is beside the sources is beside the built command too. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of `package.json`. */
export const packageRoot = join(import.meta.dirname, '..')

/** The version of this program. */
export function programVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : ''
}
