/** Where the package lies: what is beside the sources is beside the built command too. */
import { join } from 'node:path'

/** The folder of `package.json`. */
export const packageRoot = join(import.meta.dirname, '..')
