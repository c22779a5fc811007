/** `npm run build`: compiles `src` into `dist`, for the package and the container image. */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
rmSync(join(root, 'dist'), { recursive: true, force: true })
// The second gives the client its declarations, and holds it to what every runtime has.
for (const project of ['tsconfig.build.json', 'tsconfig.client.json']) {
  execFileSync('tsc', ['--project', project], { cwd: root, stdio: 'inherit' })
}
