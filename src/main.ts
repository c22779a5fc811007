/** The command `strongroom`, from its sources. What is built of them has `main.js` of the build instead (`scripts/build.ts`). */
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/strongroom', import.meta.url)))
const { start } = await import('./start.ts')
await start()
