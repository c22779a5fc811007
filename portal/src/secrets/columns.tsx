/** The columns of the table of secrets: what each shows, how wide it is, what it is sorted by, and where it has no room. */
import type { Metadata, SecretFilter } from '../api/client.ts'
import type { Column } from '../ui/columns.ts'
import { RowBox } from '../ui/controls.tsx'
import { Ago, Expiry } from '../ui/time.tsx'
import { folderOf } from './folders.ts'
import { typeLabel } from './types.ts'

/** What a row is drawn from. What is pressed in it, the table knows. */
export interface SecretRow {
  readonly secret: Metadata
  readonly href: string
  /** One row takes the focus by the tabulator, the others by arrows. */
  readonly tabIndex: 0 | -1
  readonly mayRead: boolean
  readonly isSelected: boolean
}

export interface SecretColumn extends Column<SecretRow> {
  /** What the server sorts by when it is chosen. */
  readonly sortsBy?: NonNullable<SecretFilter['sort']>
}

export const columns: readonly SecretColumn[] = [
  {
    id: 'select',
    head: 'Select',
    isHeadHidden: true,
    width: 20,
    cell: ({ secret, isSelected }) => <RowBox label={`Select ${secret.name}`} isSelected={isSelected} />,
  },
  {
    id: 'name',
    head: 'Name',
    cell: (row) => <NameCell row={row} />,
    sortsBy: 'name',
  },
  {
    id: 'list',
    head: 'List',
    width: 120,
    // A name of forty characters comes first; the views beside the table tell the lists.
    from: 900,
    cell: ({ secret }) => secret.list?.name,
    more: ({ secret }) => secret.list?.name,
    sortsBy: 'list',
  },
  {
    id: 'type',
    head: 'Type',
    width: 44,
    // The picture before the name tells it.
    from: 1040,
    cell: ({ secret }) => typeLabel(secret.type),
    sortsBy: 'type',
  },
  {
    id: 'expires',
    head: 'Expires',
    width: 140,
    from: 520,
    cell: ({ secret: { expires_at: time } }) =>
      time === null ? <span className="muted">–</span> : <Expiry time={time} />,
    sortsBy: 'expires',
  },
  {
    id: 'updated',
    head: 'Updated',
    width: 112,
    from: 520,
    cell: ({ secret }) => <Ago time={secret.updated_at} />,
    sortsBy: 'updated',
  },
  { id: 'actions', head: 'Actions', isHeadHidden: true, width: 66, cell: (row) => <ActionsCell row={row} /> },
]

function NameCell({ row: { secret, href, tabIndex } }: { readonly row: SecretRow }) {
  const folder = folderOf(secret.name)
  return (
    <>
      {secret.type === 'file' ? icons.file : secret.type === 'template' ? icons.template : icons.text}
      {folder === '' ? null : (
        <button
          type="button"
          className="folder"
          data-folder={folder}
          aria-label={`${folder}/, show this folder`}
          tabIndex={tabIndex}
        >
          {folder}/
        </button>
      )}
      <a
        href={href}
        tabIndex={tabIndex}
        title={secret.name}
        aria-label={folder === '' ? undefined : secret.name}
        data-home={tabIndex === 0 ? '' : undefined}
      >
        {folder === '' ? secret.name : secret.name.slice(folder.length + 1)}
      </a>
      {secret.decoy ? <span className="tag warn">Decoy</span> : null}
      {secret.tags.length === 0 ? null : (
        <span className="row-tags hide-narrow" title={secret.tags.join(', ')}>
          {secret.tags.slice(0, 2).map((tag) => (
            <span key={tag} className="tag">
              {tag}
            </span>
          ))}
          {secret.tags.length > 2 ? <span className="tag">+{secret.tags.length - 2}</span> : null}
        </span>
      )}
    </>
  )
}

function ActionsCell({ row: { secret, tabIndex, mayRead } }: { readonly row: SecretRow }) {
  if (!mayRead) return null
  return (
    <>
      {secret.type === 'text' ? (
        <button
          type="button"
          className="btn icon small quiet"
          data-copy
          aria-label={`Copy the value of ${secret.name}`}
          tabIndex={tabIndex}
        >
          {icons.copy}
        </button>
      ) : null}
      <button
        type="button"
        className="btn icon small quiet"
        data-peek={secret.id}
        aria-label={`Reveal the value of ${secret.name}`}
        aria-haspopup="dialog"
        tabIndex={tabIndex}
      >
        {icons.reveal}
      </button>
    </>
  )
}

/** Made once, and not for each of the rows that come and go. */
const icons = {
  file: <Icon path="M14 2H6a2 2 0 0 0-2 2v16a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V8zM14 2v6h6" />,
  text: <Icon path="M4 6h16M4 12h10M4 18h13" />,
  template: (
    <Icon path="M8 3H7a2 2 0 0 0-2 2v5a2 2 0 0 1-2 2 2 2 0 0 1 2 2v5a2 2 0 0 0 2 2h1M16 21h1a2 2 0 0 0 2-2v-5a2 2 0 0 1 2-2 2 2 0 0 1-2-2V5a2 2 0 0 0-2-2h-1" />
  ),
  copy: (
    <Icon path="M10 8h10a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2V10a2 2 0 0 1 2-2zM4 16a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2" />
  ),
  reveal: <Icon path="M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z" />,
}

/** A picture of one line, styled from outside: two elements, where a hundred of them come into sight at once. */
function Icon({ path }: { readonly path: string }) {
  return (
    <svg className="row-icon" viewBox="0 0 24 24" aria-hidden>
      <path d={path} />
    </svg>
  )
}
