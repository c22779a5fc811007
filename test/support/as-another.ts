/** Programs that refuse to run as root run as another user, who owns their folder. */
import { spawnSync } from 'node:child_process'
import { chownSync } from 'node:fs'

/** @returns who the program is to run as; nothing where the tests are not root */
export function asAnother(folder: string): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  // The one that the package of PostgreSQL makes, or nobody.
  const id = (flag: string) =>
    ['postgres', 'nobody']
      .map((user) => spawnSync('id', [flag, user], { encoding: 'utf8' }))
      .find(({ status }) => status === 0)
  const [uid, gid] = [Number(id('-u')?.stdout), Number(id('-g')?.stdout)]
  chownSync(folder, uid, gid)
  return { uid, gid }
}
