/** Folders of secrets: what stands before the last `/` of a name. */

/** Nothing for a name in none. */
export function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')))
}

/** The page of the secrets in a folder, and in those below it. */
export function folderHref(folder: string): string {
  return `/secrets?folder=${encodeURIComponent(folder)}`
}

/** The folders that one comes through on the way to it, and itself, each with its page. */
export function folderSteps(folder: string): readonly (readonly [label: string, href: string])[] {
  if (folder === '') return []
  const parts = folder.split('/')
  return parts.map((part, at) => [part, folderHref(parts.slice(0, at + 1).join('/'))])
}
