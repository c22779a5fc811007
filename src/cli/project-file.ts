/** Where the project file is: found upwards from the working directory, and taken only from whom this user trusts. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { codeOf } from '../error-code.ts'
import { Fault } from './output.ts'
import { variable } from './process-env.ts'

export const projectFileName = '.strongroom.yaml'

/** Nobody writes more by hand. */
const maxBytes = 64 * 1024

export interface ProjectFile {
  readonly path: string
  readonly text: string
}

/**
 * The project file for the working directory: of that, or of the nearest folder above it that has one, up to the home of
 * this user, or to the root where the working directory is not in it. `STRONGROOM_PROJECT_FILE` names one instead, or is
 * `none`.
 *
 * @throws Fault `settings` for one that another user can write: it says where secrets go
 */
export function findProjectFile(): ProjectFile | undefined {
  const named = variable('STRONGROOM_PROJECT_FILE')
  if (named === 'none') return undefined
  if (named !== undefined) return read(resolve(named), 'STRONGROOM_PROJECT_FILE names a file that', () => {})
  for (const folder of foldersUpwards(process.cwd(), homedir())) {
    const path = join(folder, projectFileName)
    const link = lstatSync(path, { throwIfNoEntry: false })
    if (link === undefined) continue
    checkTrusted(path, link)
    return read(path, path, (found) => checkTrusted(path, found))
  }
  return undefined
}

/** From the inside out; the home is the last that is looked at from within it. */
export function foldersUpwards(from: string, home: string): readonly string[] {
  const folders: string[] = []
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    folders.push(folder)
    if (folder === resolve(home) || folder === dirname(folder)) return folders
  }
}

/** What is checked is what is read, whoever puts another file there meanwhile. */
function read(path: string, whatIt: string, check: (found: Stats) => void): ProjectFile {
  const file = opened(path, whatIt)
  try {
    const found = fstatSync(file)
    check(found)
    if (!found.isFile()) throw new Fault('settings', `${whatIt} is not a file.`)
    if (found.size > maxBytes) throw new Fault('settings', `${whatIt} is longer than a project file may be (64 KiB).`)
    return { path, text: readFileSync(file, 'utf8') }
  } finally {
    closeSync(file)
  }
}

function opened(path: string, whatIt: string): number {
  try {
    // A pipe that nobody writes to would be waited for.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = codeOf(error)
    throw new Fault('settings', `${whatIt} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}.`)
  }
}

function checkTrusted(path: string, found: Stats): void {
  const why = whyNotTrusted(found)
  if (why === undefined) return
  const otherwise = `set STRONGROOM_PROJECT_FILE=${path} to use it all the same, or STRONGROOM_PROJECT_FILE=none`
  throw new Fault('settings', `${path} ${why.what}, so it is not used. ${why.mend}; or ${otherwise}.`)
}

/** As git has it of a repository: it says what is done, and so belongs to whoever does it. */
function whyNotTrusted(found: Stats): { readonly what: string; readonly mend: string } | undefined {
  const own = process.getuid?.()
  // Windows has neither owners nor modes that say anything here.
  if (own === undefined) return undefined
  if (found.uid !== own && found.uid !== 0) {
    return { what: 'belongs to another user', mend: 'If it is yours, run "chown" on it' }
  }
  // A link has no mode of its own.
  if (found.isSymbolicLink()) return undefined
  const isOfAll = (found.mode & 0o002) !== 0
  const isOfGroup = (found.mode & 0o020) !== 0 && !isPrivateGroup(found.gid)
  if (!isOfAll && !isOfGroup) return undefined
  return { what: 'can be changed by other users', mend: `Run "chmod ${isOfAll ? 'o-w' : 'g-w'}" on it` }
}

/** Many systems give each user a group of the same name with nobody else in it, and let it write what they make. */
function isPrivateGroup(gid: number): boolean {
  try {
    const { username } = userInfo()
    const lines = readFileSync('/etc/group', 'utf8').split('\n')
    return lines.some((line) => {
      const [name, , id, members = ''] = line.split(':')
      return id === String(gid) && name === username && (members === '' || members === username)
    })
  } catch {
    return false
  }
}
