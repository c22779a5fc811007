/** Debians that `mmdebstrap` makes for tests, kept between runs. */
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** What tests fetch once and keep. */
export const cacheFolder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'strongroom-tests')

export interface Debian {
  readonly name: string
  /** With commas between them. */
  readonly packages: string
}

/** Where it is once it is made: one for each list of packages. */
export function debianFile({ name, packages }: Debian): string {
  return join(cacheFolder, `${name}-${hash('sha256', packages, 'hex').slice(0, 12)}.tar`)
}

/** Makes it, unless it is there. */
export function readyDebian(debian: Debian): string {
  const file = debianFile(debian)
  if (existsSync(file)) return file
  mkdirSync(dirname(file), { recursive: true })
  const building = `${file}.${process.pid}`
  const wanted = ['--variant=minbase', `--include=${debian.packages}`, '--format=tar', 'bookworm', building]
  execFileSync('mmdebstrap', wanted, { stdio: ['ignore', 'ignore', 'inherit'] })
  renameSync(building, file)
  return file
}
