/** The fields of what is known of a secret: list, description, tags, expiry. */
import { X } from 'lucide-react'
import { type KeyboardEvent, useId, useState } from 'react'
import { Field, TextArea } from '../ui/controls.tsx'
import type { Faults } from '../ui/form.tsx'
import { wordsOf } from '../ui/words.ts'

export interface Details {
  readonly description: string
  readonly tags: readonly string[]
  /** A day, `YYYY-MM-DD`, or nothing. */
  readonly expires: string
}

export function DetailsFields({
  details,
  onChange,
  faults,
}: {
  readonly details: Details
  readonly onChange: (details: Details) => void
  readonly faults: Faults
}) {
  return (
    <>
      <TextArea
        label="Description"
        rows={2}
        maxLength={1024}
        value={details.description}
        onValue={(description) => onChange({ ...details, description })}
        hint="What it is for, and who can renew it. Never the value."
        fault={faults['description']}
      />
      <TagsField tags={details.tags} onChange={(tags) => onChange({ ...details, tags })} fault={faults['tags']} />
      <Field
        label="Expires on"
        type="date"
        value={details.expires}
        onValue={(expires) => onChange({ ...details, expires })}
        hint="Leave blank for no expiry. Expired secrets can still be read."
        fault={faults['expires_at']}
      />
    </>
  )
}

function TagsField({
  tags,
  onChange,
  fault,
}: {
  readonly tags: readonly string[]
  readonly onChange: (tags: readonly string[]) => void
  readonly fault: string | undefined
}) {
  const id = useId()
  const [text, setText] = useState('')
  const add = () => {
    const added = wordsOf(text).filter((tag) => !tags.includes(tag))
    if (added.length > 0) onChange([...tags, ...new Set(added)])
    setText('')
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ',') {
      event.preventDefault()
      add()
    } else if (event.key === 'Backspace' && text === '') onChange(tags.slice(0, -1))
  }
  return (
    <div className="field">
      <label htmlFor={id}>Tags</label>
      {tags.length === 0 ? null : (
        <ul className="row" aria-label="Chosen tags">
          {tags.map((tag) => (
            <li key={tag} className="tag">
              {tag}
              <button
                type="button"
                aria-label={`Remove the tag ${tag}`}
                onClick={() => onChange(tags.filter((one) => one !== tag))}
              >
                <X size={12} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <input
        id={id}
        className="input"
        value={text}
        placeholder="team:web, prod"
        aria-describedby={`${id}-more`}
        aria-invalid={fault !== undefined}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
        onBlur={add}
      />
      <p id={`${id}-more`} className={fault === undefined ? 'hint' : 'fault'}>
        {fault ?? 'Press Enter or comma to add.'}
      </p>
    </div>
  )
}
