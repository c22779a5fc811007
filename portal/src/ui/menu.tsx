/** A menu behind a button. */
import type { ReactNode } from 'react'
import { Menu as AriaMenu, MenuItem, MenuTrigger } from 'react-aria-components/Menu'
import { Popover } from 'react-aria-components/Popover'

export interface MenuEntry {
  readonly id: string
  readonly label: string
  readonly icon?: ReactNode
  readonly isBad?: boolean
  readonly onAction: () => void
}

export function Menu({
  label,
  trigger,
  head,
  entries,
}: {
  readonly label: string
  readonly trigger: ReactNode
  readonly head?: ReactNode
  readonly entries: readonly MenuEntry[]
}) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className="popover" offset={4}>
        {head}
        <AriaMenu className="listbox" aria-label={label}>
          {entries.map(({ id, label: text, icon, isBad = false, onAction }) => (
            <MenuItem key={id} id={id} className={`option ${isBad ? 'bad' : ''}`} textValue={text} onAction={onAction}>
              {icon}
              {text}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  )
}
