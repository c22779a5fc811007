/** Virtual environments of Python that tests need, kept between runs. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Makes it, unless it is there.
 * @param wanted packages of PyPI, with their versions
 * @returns why it cannot be had; `false` when it is there
 */
export function missingInVenv(folder: string, wanted: readonly string[], python = 'python3'): string | false {
  if (existsSync(join(folder, 'ready'))) return false
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  if (spawnSync(python, ['-m', 'venv', folder]).status !== 0) return `${python} with venv: not installed`
  const pip = spawnSync(join(folder, 'bin/python'), ['-m', 'pip', 'install', '--quiet', ...wanted])
  if (pip.status !== 0) return `${wanted.join(', ')}: PyPI does not give it`
  writeFileSync(join(folder, 'ready'), '')
  return false
}
