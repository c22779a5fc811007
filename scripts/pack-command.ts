/**
 * `npm run pack:command`: builds, and packs the command and the server with the pinned Node.js into one tarball for this
 * platform, which needs no npm. `npm run pack:command -- FOLDER` puts it there instead of here.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { buildCommandOnce, external } from './build.ts'
import { buildPortalOnce } from './build-portal.ts'

const root = join(import.meta.dirname, '..')
/** A library, packed by itself. */
const client = join(root, 'dist/client')

/** Finds its own folder, also by a link on a PATH, and becomes the command. */
const launcher = `#!/bin/sh
# Starts strongroom with the Node.js that is beside it.
path=$0
while [ -L "$path" ]; do
  link=$(readlink "$path")
  case $link in /*) path=$link ;; *) path=$(dirname "$path")/$link ;; esac
done
home=$(CDPATH= cd "$(dirname "$path")" && pwd -P)
exec "$home/lib/node" "$home/lib/dist/main.js" "$@"
`

export interface Packed {
  readonly path: string
  readonly sha256: string
}

/** @param destination a folder that is there */
export async function packCommand(destination: string): Promise<Packed> {
  const { version } = manifestOf(root)
  const name = `strongroom-${version}-${process.platform}-${process.arch}`
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-command-'))
  try {
    const home = join(folder, name)
    mkdirSync(join(home, 'lib'), { recursive: true })
    await buildCommandOnce(join(root, 'dist'))
    await buildPortalOnce()
    cpSync(join(root, 'dist'), join(home, 'lib/dist'), { recursive: true, filter: (path) => path !== client })
    cpSync(join(root, 'portal/dist'), join(home, 'lib/portal/dist'), { recursive: true })
    for (const file of ['package.json', 'LICENSE']) cpSync(join(root, file), join(home, 'lib', file))
    for (const one of external) addPackage(one, root, join(home, 'lib'))
    cpSync(process.execPath, join(home, 'lib/node'))
    chmodSync(join(home, 'lib/node'), 0o755)
    writeFileSync(join(home, 'strongroom'), launcher, { mode: 0o755 })
    const path = join(destination, `${name}.tar.gz`)
    // The same files make the same tarball.
    const same = process.platform === 'linux' ? ['--sort=name', '--owner=0', '--group=0', '--mtime=@0'] : []
    execFileSync('tar', [...same, '-czf', path, '-C', folder, name], { stdio: 'inherit' })
    return { path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A package that is in no bundle, with those that it needs, where Node.js looks for them. */
function addPackage(name: string, from: string, to: string): void {
  const target = join(to, 'node_modules', name)
  if (existsSync(target)) return
  const source = folderOf(name, from)
  cpSync(source, target, { recursive: true, filter: (path) => basename(path) !== 'node_modules' || path === source })
  for (const needed of Object.keys(manifestOf(source).dependencies ?? {})) addPackage(needed, source, to)
}

/** The nearest, as Node.js looks for it. */
function folderOf(name: string, from: string): string {
  const places = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  const found = places.map((place) => join(place, name)).find((folder) => existsSync(join(folder, 'package.json')))
  if (found === undefined) throw new Error(`${name} is not installed: run "npm ci".`)
  return found
}

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

if (import.meta.main) {
  const { path, sha256 } = await packCommand(resolve(process.argv[2] ?? '.'))
  console.log(`${sha256}  ${path}`)
}
