/** The build that was before a step of the schema: its sources as the history of the repository has them. */
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder } from './engines.ts'

const root = join(import.meta.dirname, '..', '..')

/**
 * @param migration the step that it does not know yet, by its name
 * @returns its `main`; `undefined` where the history is not there: in a package, or a shallow clone
 */
export function makeBuildBefore(migration: string): string | undefined {
  const step = `src/store/migrations/${migration}.ts`
  const added = git('log', '--diff-filter=A', '--format=%H', '--', step)?.trim()
  if (added === undefined || added === '') return undefined
  const folder = makeFolder()
  const archive = join(folder, 'before.tar')
  if (git('archive', '--output', archive, `${added}^`, 'src', 'package.json') === undefined) return undefined
  execFileSync('tar', ['-xf', archive, '-C', folder])
  for (const part of ['node_modules', 'portal', 'docs']) symlinkSync(join(root, part), join(folder, part))
  return join(folder, 'src/main.ts')
}

function git(...words: readonly string[]): string | undefined {
  try {
    return execFileSync('git', ['-C', root, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}
