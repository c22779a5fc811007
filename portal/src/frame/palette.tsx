/** The command palette: pages, actions and secrets by name, from anywhere. */
import { FilePlus2, Keyboard, Lock, MoonStar } from 'lucide-react'
import { type ReactNode, useMemo, useState } from 'react'
import { Autocomplete } from 'react-aria-components/Autocomplete'
import { Dialog } from 'react-aria-components/Dialog'
import { Input } from 'react-aria-components/Input'
import { Menu, MenuItem } from 'react-aria-components/Menu'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'
import { SearchField } from 'react-aria-components/SearchField'
import { useLocation } from 'wouter'
import { useSome } from '../secrets/queries.ts'
import { useRights } from '../session/rights.ts'
import { useLater } from '../ui/later.ts'
import { setTheme } from '../ui/theme.ts'
import { useNavigation } from './navigation.ts'

const maxSecrets = 30

interface Entry {
  readonly id: string
  readonly label: string
  readonly end?: string
  readonly icon: ReactNode
  readonly run: () => void
}

export function Palette({
  isOpen,
  onClose,
  onHelp,
}: {
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly onHelp: () => void
}) {
  return (
    <ModalOverlay className="overlay fade-in" isOpen={isOpen} onOpenChange={(open) => !open && onClose()} isDismissable>
      <Modal className="modal palette">
        <Dialog className="dialog" aria-label="Search and commands">
          <Commands onClose={onClose} onHelp={onHelp} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

function Commands({ onClose, onHelp }: { readonly onClose: () => void; readonly onHelp: () => void }) {
  const [text, setText] = useState('')
  const { entries, isAsking } = useEntries(text, onHelp)
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField aria-label="Search secrets, pages and commands">
        <Input className="palette-input" placeholder="Search secrets, pages and commands" maxLength={255} autoFocus />
      </SearchField>
      <Menu
        className="listbox"
        aria-label="Found"
        items={entries}
        onAction={(id) => {
          onClose()
          entries.find((entry) => entry.id === id)?.run()
        }}
        renderEmptyState={() => <div className="none">{isAsking ? 'Searching…' : 'Nothing is called that.'}</div>}
      >
        {({ id, label, end, icon }) => (
          <MenuItem id={id} className="option" textValue={label}>
            {icon}
            <span className="break">{label}</span>
            {end === undefined ? null : <span className="end">{end}</span>}
          </MenuItem>
        )}
      </Menu>
    </Autocomplete>
  )
}

/** @returns those that fit, and whether secrets are still being looked for */
function useEntries(text: string, onHelp: () => void) {
  const [, navigate] = useLocation()
  const items = useNavigation()
  const rights = useRights()
  const asked = useLater(text.trim())
  const mayList = rights.has('secrets:list')
  const { data: secrets, error } = useSome({ q: asked, sort: 'name' }, maxSecrets, mayList && asked !== '')
  const isAsking = mayList && (asked !== text.trim() || (asked !== '' && secrets === undefined && error === null))
  const entries = useMemo(() => {
    const wanted = text.trim().toLowerCase()
    const fits = (label: string) => wanted.split(/\s+/).every((word) => label.toLowerCase().includes(word))
    const fixed: readonly Entry[] = [
      ...items.map(({ path, label, icon: Icon, key }) => ({
        id: `page ${path}`,
        label: `Go to ${label}`,
        end: `g ${key}`,
        icon: <Icon size={15} aria-hidden />,
        run: () => navigate(path),
      })),
      ...(rights.has('secrets:write')
        ? [
            {
              id: 'new',
              label: 'New secret',
              icon: <FilePlus2 size={15} aria-hidden />,
              run: () => navigate('/secrets/new'),
            },
          ]
        : []),
      // Once something is typed: the first sight is short enough to be seen at once.
      ...(wanted === '' ? [] : (['light', 'dark', 'system'] as const)).map((theme) => ({
        id: `theme ${theme}`,
        label: `Theme: ${theme === 'system' ? 'as the system' : theme}`,
        icon: <MoonStar size={15} aria-hidden />,
        run: () => setTheme(theme),
      })),
      { id: 'keys', label: 'Keyboard shortcuts', end: '?', icon: <Keyboard size={15} aria-hidden />, run: onHelp },
    ]
    const found = wanted === '' ? [] : (secrets ?? [])
    return [
      ...fixed.filter(({ label }) => fits(label)),
      ...found.map(({ id, name, list }) => ({
        id: `secret ${id}`,
        label: name,
        end: list?.name,
        icon: <Lock size={15} aria-hidden />,
        run: () => navigate(`/secrets/${id}`),
      })),
    ]
  }, [text, items, rights, secrets, navigate, onHelp])
  return { entries, isAsking }
}
