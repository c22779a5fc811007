/** Buttons, fields, switches and selects in the portal's looks; their behaviour is React Aria's. */
import { Check, ChevronDown, Minus } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { Button as AriaButton, type ButtonProps, type PressEvent } from 'react-aria-components/Button'
import { Checkbox as AriaCheckbox } from 'react-aria-components/Checkbox'
import { Label } from 'react-aria-components/Label'
import { ListBox, ListBoxItem } from 'react-aria-components/ListBox'
import { Popover } from 'react-aria-components/Popover'
import { Select as AriaSelect, SelectValue } from 'react-aria-components/Select'
import { Switch as AriaSwitch } from 'react-aria-components/Switch'
import { Tooltip, TooltipTrigger } from 'react-aria-components/Tooltip'
import { Link } from 'wouter'

type Look = 'primary' | 'danger' | 'quiet' | 'quiet bad'

/** Pressed again before what it does is done, it does nothing. */
export function Button({
  look,
  small = false,
  onPress,
  isPending = false,
  ...props
}: Omit<ButtonProps, 'className' | 'onPress' | 'isPending'> & {
  readonly look?: Look
  readonly small?: boolean
  /** Whether what it sends is on its way. */
  readonly isPending?: boolean
  /** With a promise, where it takes a while. */
  readonly onPress?: (event: PressEvent) => unknown
}) {
  const [isBusy, setBusy] = useState(false)
  const isWaiting = isPending || isBusy
  const press = (event: PressEvent) => {
    const done = isWaiting ? undefined : onPress?.(event)
    if (!(done instanceof Promise)) return
    setBusy(true)
    void done.finally(() => setBusy(false))
  }
  return (
    // Not disabled meanwhile, as that would take the focus from it.
    <AriaButton
      {...props}
      {...(onPress === undefined ? {} : { onPress: press })}
      {...(isWaiting ? { 'data-pending': true } : {})}
      className={`btn ${look ?? ''} ${small ? 'small' : ''}`}
    />
  )
}

/** A button that is only a picture: its label is what it does, and shows on hover. */
export function IconButton({
  label,
  look = 'quiet',
  small = false,
  ...props
}: Omit<ButtonProps, 'className'> & { readonly label: string; readonly look?: Look; readonly small?: boolean }) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <AriaButton {...props} aria-label={label} className={`btn icon ${look} ${small ? 'small' : ''}`} />
      <Tooltip className="tooltip" offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  )
}

export function LinkButton({
  href,
  look,
  children,
}: {
  readonly href: string
  readonly look?: Look
  readonly children: ReactNode
}) {
  return (
    <Link href={href} className={`btn ${look ?? ''}`}>
      {children}
    </Link>
  )
}

type InputProps = Omit<React.ComponentProps<'input'>, 'className' | 'onChange' | 'value'> & {
  readonly label: string
  readonly value?: string
  readonly hint?: ReactNode
  readonly fault?: string | undefined
  readonly onValue?: (value: string) => void
}

export function Field({ label, hint, fault, onValue, ...props }: InputProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="input"
        aria-invalid={fault !== undefined}
        aria-describedby={hint === undefined && fault === undefined ? undefined : `${id}-more`}
        onChange={(event) => onValue?.(event.currentTarget.value)}
        {...props}
      />
      <More id={`${id}-more`} hint={hint} fault={fault} />
    </div>
  )
}

/** Where what is on the page is searched for; `/` leads there. */
export function SearchInput({
  label,
  placeholder = label,
  onValue,
  ...props
}: Omit<InputProps, 'hint' | 'fault' | 'type'> & { readonly onValue: (value: string) => void }) {
  return (
    <input
      type="search"
      className="input"
      aria-label={label}
      placeholder={placeholder}
      data-search
      onChange={(event) => onValue(event.currentTarget.value)}
      {...props}
    />
  )
}

type AreaProps = Omit<React.ComponentProps<'textarea'>, 'className' | 'onChange' | 'value'> & {
  readonly label: string
  readonly value: string
  readonly hint?: ReactNode
  readonly fault?: string | undefined
  readonly onValue: (value: string) => void
}

export function TextArea({ label, hint, fault, onValue, ...props }: AreaProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        className="input"
        aria-invalid={fault !== undefined}
        aria-describedby={hint === undefined && fault === undefined ? undefined : `${id}-more`}
        onChange={(event) => onValue(event.currentTarget.value)}
        {...props}
      />
      <More id={`${id}-more`} hint={hint} fault={fault} />
    </div>
  )
}

export function More({
  id,
  hint,
  fault,
}: {
  readonly id: string
  readonly hint?: ReactNode
  readonly fault?: string | undefined
}) {
  if (fault !== undefined) {
    return (
      <p className="fault" id={id} role="alert">
        {fault}
      </p>
    )
  }
  return hint === undefined ? null : (
    <p className="hint" id={id}>
      {hint}
    </p>
  )
}

export interface Choice<T extends string> {
  readonly id: T
  readonly label: string
  readonly more?: string
}

/** Chooses one of a few. */
export function Select<T extends string>({
  label,
  value,
  choices,
  onChoose,
  isLabelHidden = false,
  isDisabled = false,
}: {
  readonly label: string
  readonly value: T
  readonly choices: readonly Choice<T>[]
  readonly onChoose: (value: T) => void
  readonly isLabelHidden?: boolean
  readonly isDisabled?: boolean
}) {
  return (
    <AriaSelect
      className="field"
      value={value}
      isDisabled={isDisabled}
      onChange={(key) => key !== null && onChoose(String(key) as T)}
    >
      <Label className={isLabelHidden ? 'sr-only' : 'label'}>{label}</Label>
      <AriaButton className="select-btn">
        <SelectValue>{({ selectedText }) => selectedText}</SelectValue>
        <ChevronDown size={14} aria-hidden />
      </AriaButton>
      <Popover className="popover" offset={4}>
        <ListBox className="listbox" items={choices}>
          {({ id, label: text, more }) => (
            <ListBoxItem id={id} textValue={text} className="option">
              {({ isSelected }) => (
                <>
                  <span>{text}</span>
                  {more === undefined ? null : <span className="end">{more}</span>}
                  {isSelected ? <Check size={14} aria-hidden /> : null}
                </>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  )
}

export function Checkbox({
  isSelected,
  isPartly = false,
  onChange,
  children,
  label,
  isDisabled = false,
}: {
  readonly isSelected: boolean
  readonly isPartly?: boolean
  readonly onChange: (isSelected: boolean) => void
  readonly children?: ReactNode
  readonly label?: string
  readonly isDisabled?: boolean
}) {
  return (
    <AriaCheckbox
      className="check"
      isSelected={isSelected}
      isIndeterminate={isPartly}
      onChange={onChange}
      isDisabled={isDisabled}
      {...(label === undefined ? {} : { 'aria-label': label })}
    >
      <span className="box">
        {isPartly ? <Minus size={13} strokeWidth={3} aria-hidden /> : <Check size={13} strokeWidth={3} aria-hidden />}
      </span>
      {children === undefined ? null : <span>{children}</span>}
    </AriaCheckbox>
  )
}

/** A box in a row of a table, which hears of a press itself: a hundred of them come into sight at once. */
export function RowBox({
  label,
  isSelected,
  isPartly = false,
  onChange,
}: {
  readonly label: string
  readonly isSelected: boolean
  readonly isPartly?: boolean
  /** @param isRange whether Shift was held */
  readonly onChange?: (isRange: boolean) => void
}) {
  return (
    <input
      type="checkbox"
      className="row-box"
      data-select
      aria-label={label}
      checked={isSelected}
      ref={(box) => {
        if (box !== null) box.indeterminate = isPartly
      }}
      // The row takes the focus, and Space selects it.
      tabIndex={onChange === undefined ? -1 : 0}
      onChange={({ nativeEvent: event }) => onChange?.(event instanceof MouseEvent && event.shiftKey)}
    />
  )
}

export function Switch({
  isSelected,
  onChange,
  isDisabled = false,
  children,
}: {
  readonly isSelected: boolean
  readonly onChange: (isSelected: boolean) => void
  readonly isDisabled?: boolean
  readonly children: ReactNode
}) {
  return (
    <AriaSwitch className="switch" isSelected={isSelected} onChange={onChange} isDisabled={isDisabled}>
      <span className="track" />
      <span>{children}</span>
    </AriaSwitch>
  )
}
