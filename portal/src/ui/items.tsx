/** A list of things, one below the other: what each is called, what is known of it, and what one can do with it. */
import { type ReactNode, useState } from 'react'
import { CardFoot } from './card.tsx'
import { Button } from './controls.tsx'

/** So many are shown at once; a browser takes long to lay out thousands. */
const step = 200

export function Items<T>({
  of: things,
  empty,
  children,
}: {
  readonly of: readonly T[]
  /** What is shown where there are none. */
  readonly empty?: ReactNode
  /** @returns an `Item` with a key */
  readonly children: (thing: T) => ReactNode
}) {
  const [shown, setShown] = useState(step)
  if (things.length === 0) return empty
  const left = things.length - shown
  return (
    <>
      <ul className="items">{things.slice(0, shown).map(children)}</ul>
      {left > 0 ? (
        <CardFoot>
          <Button onPress={() => setShown(shown + step)}>Show more ({left} left)</Button>
        </CardFoot>
      ) : null}
    </>
  )
}

export function Item({
  name,
  tags,
  picture,
  actions,
  children,
}: {
  readonly name: string
  /** Beside the name. */
  readonly tags?: ReactNode
  /** Before the name. */
  readonly picture?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <li>
      {picture}
      <div className="item-main">
        <div className="row">
          <strong className="break">{name}</strong>
          {tags}
        </div>
        {children}
      </div>
      {actions === undefined || actions === null ? null : <div className="item-end">{actions}</div>}
    </li>
  )
}

/** Texts in a row, such as scopes, each with the whole of it on hover. */
export function Tags({
  label,
  of: tags,
}: {
  readonly label: string
  readonly of: readonly (readonly [text: string, whole: string])[]
}) {
  return (
    <ul className="row scopes" aria-label={label}>
      {tags.map(([text, whole]) => (
        <li key={whole} className="tag" title={whole}>
          {text}
        </li>
      ))}
    </ul>
  )
}
