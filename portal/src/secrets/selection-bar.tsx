/** Above the table, once something is selected: how much, and what can be done with it. */
import {
  CalendarClock,
  Copy,
  CopyPlus,
  Download,
  FolderClosed,
  FolderInput,
  MoreHorizontal,
  Tag,
  Trash2,
  X,
} from 'lucide-react'
import type { ReactNode } from 'react'
import { useRights } from '../session/rights.ts'
import { Button, IconButton } from '../ui/controls.tsx'
import { copy } from '../ui/copy.tsx'
import type { MakeDialog } from '../ui/dialog.tsx'
import { Menu } from '../ui/menu.tsx'
import { counted } from '../ui/words.ts'
import {
  CopyManyDialog,
  DeleteManyDialog,
  ExpiryDialog,
  MoveDialog,
  TagDialog,
  useCopyTargets,
} from './bulk-actions.tsx'
import { ExportDialog } from './export.tsx'
import { MoveToFolderDialog } from './move-to-folder.tsx'
import { chosenOf, type Selecting } from './selection.ts'

interface Action {
  readonly id: string
  readonly label: string
  readonly icon: ReactNode
  readonly isBad?: boolean
  readonly onAction: () => void
}

export function SelectionBar({
  selecting,
  total,
  open,
}: {
  readonly selecting: Selecting
  /** How many are found; not known before they are counted. */
  readonly total: number | undefined
  readonly open: (make: MakeDialog) => void
}) {
  const { count, isAll, selectAll, clear } = selecting
  const actions = useActions(selecting, open)
  if (count === 0) return <div className="sr-only" role="status" />
  return (
    <section className="selection-bar" aria-label="Selected secrets">
      <span role="status">
        {isAll ? `All ${count.toLocaleString('en')} matching selected` : `${count.toLocaleString('en')} selected`}
      </span>
      {isAll || total === undefined || total <= count ? null : (
        <Button small look="quiet" onPress={selectAll}>
          Select all {total.toLocaleString('en')}
        </Button>
      )}
      <div className="row selection-actions">
        {actions.map(({ id, label, icon, isBad = false, onAction }) => (
          <Button key={id} small {...(isBad ? { look: 'quiet bad' as const } : {})} onPress={onAction}>
            {icon}
            {label}
          </Button>
        ))}
      </div>
      <div className="selection-menu">
        <Menu
          label="Actions"
          trigger={
            <Button small>
              <MoreHorizontal size={14} aria-hidden />
              Actions
            </Button>
          }
          entries={actions}
        />
      </div>
      <IconButton label="Clear selection" small onPress={clear}>
        <X size={14} aria-hidden />
      </IconButton>
    </section>
  )
}

function useActions(selecting: Selecting, open: (make: MakeDialog) => void): readonly Action[] {
  const rights = useRights()
  const dialog = (Make: typeof MoveDialog) => () => open((close) => <Make selecting={selecting} onClose={close} />)
  const mayWrite = rights.has('secrets:write')
  const mayCopy = useCopyTargets().length > 0
  return [
    ...(mayWrite
      ? [
          {
            id: 'list',
            label: 'Move to list',
            icon: <FolderClosed size={14} aria-hidden />,
            onAction: dialog(MoveDialog),
          },
          {
            id: 'folder',
            label: 'Move to folder',
            icon: <FolderInput size={14} aria-hidden />,
            onAction: dialog(MoveToFolderDialog),
          },
          { id: 'tag', label: 'Tag', icon: <Tag size={14} aria-hidden />, onAction: dialog(TagDialog) },
          {
            id: 'expiry',
            label: 'Set expiry',
            icon: <CalendarClock size={14} aria-hidden />,
            onAction: dialog(ExpiryDialog),
          },
        ]
      : []),
    ...(mayCopy
      ? [
          {
            id: 'copy',
            label: 'Copy to environment',
            icon: <CopyPlus size={14} aria-hidden />,
            onAction: dialog(CopyManyDialog),
          },
        ]
      : []),
    ...(rights.has('secrets:read')
      ? [{ id: 'export', label: 'Export', icon: <Download size={14} aria-hidden />, onAction: dialog(ExportDialog) }]
      : []),
    {
      id: 'names',
      label: 'Copy names',
      icon: <Copy size={14} aria-hidden />,
      onAction: () => void copy(() => namesOf(selecting), counted(selecting.count, 'name')),
    },
    ...(rights.has('secrets:delete')
      ? [
          {
            id: 'delete',
            label: 'Delete',
            icon: <Trash2 size={14} aria-hidden />,
            isBad: true,
            onAction: dialog(DeleteManyDialog),
          },
        ]
      : []),
  ]
}

async function namesOf({ selection }: Selecting): Promise<string> {
  const chosen = await Array.fromAsync(chosenOf(selection, new AbortController().signal))
  return chosen.map(({ name }) => `${name}\n`).join('')
}
