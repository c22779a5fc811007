/** The folders in the one that is open, above the secrets that are in it. */
import { Folder } from 'lucide-react'
import { Link } from 'wouter'
import { Trouble } from '../ui/states.tsx'
import { counted } from '../ui/words.ts'
import { folderHref, leafOf } from './folders.ts'
import { useFolders } from './queries.ts'

/** More are there, and found by a search. */
const shownFolders = 300

export function FolderTiles({ folder }: { readonly folder: string }) {
  const { data = [], error, refetch } = useFolders(folder)
  if (error !== null) return <Trouble error={error} onRetry={() => void refetch()} />
  if (data.length === 0) return null
  return (
    <nav className="folder-tiles" aria-label="Folders in this folder">
      <ul>
        {data.slice(0, shownFolders).map((one) => (
          <li key={one}>
            <Link href={folderHref(one)} title={one}>
              <Folder size={15} aria-hidden />
              <span>{leafOf(one)}</span>
            </Link>
          </li>
        ))}
      </ul>
      {data.length > shownFolders ? (
        <p className="hint">
          and {counted(data.length - shownFolders, 'more folder')}: search to find what is in them.
        </p>
      ) : null}
    </nav>
  )
}
