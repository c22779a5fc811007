/** Folders of secrets: what stands before the last `/` of a name. Here they are without a `/` at their end; the one that all are in is empty. */

/** Nothing for a name in none. */
export function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')))
}

/** The end of a name, without its folders. */
export function leafOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

/** A name, or another folder, in a folder. */
export function inFolder(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

/** What the folder that all are in is called in an address. */
const top = '/'

/** The folder that an address names, if it names one. */
export function folderIn(query: URLSearchParams): string | null {
  const named = query.get('folder')
  return named === top ? '' : named
}

/** A folder as an address has it. */
export function folderInAddress(folder: string): string {
  return folder === '' ? top : folder
}

/** The page of what is in a folder. */
export function folderHref(folder: string): string {
  return `/secrets?folder=${encodeURIComponent(folderInAddress(folder))}`
}

/** The folders that one comes through on the way to it, and itself, each with its page. */
export function folderSteps(folder: string): readonly (readonly [label: string, href: string])[] {
  if (folder === '') return []
  const parts = folder.split('/')
  return parts.map((part, at) => [part, folderHref(parts.slice(0, at + 1).join('/'))])
}

/** Where a secret goes when it is moved from one folder, with what is below it, into another. */
export function movedName(name: string, from: string | null, to: string): string {
  const isBelow = from !== null && (from === '' || name.startsWith(`${from}/`))
  return inFolder(to, isBelow ? name.slice(from === '' ? 0 : from.length + 1) : leafOf(name))
}
