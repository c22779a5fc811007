/** Choosing scopes: rights in words, and the names that they are narrowed to. */
import { Checkbox, Field } from '../ui/controls.tsx'
import { wordsOf } from '../ui/words.ts'
import { type Right, rights } from './scopes.ts'

export interface Chosen {
  readonly rights: ReadonlySet<string>
  /** Names or patterns, as they are typed. */
  readonly names: string
}

export function scopesOf({ rights: chosen, names }: Chosen): readonly string[] {
  const patterns = wordsOf(names)
  return rights
    .filter(({ id }) => chosen.has(id))
    .flatMap(({ id, hasNames }) =>
      hasNames && patterns.length > 0 ? patterns.map((pattern) => `${id}:${pattern}`) : [id],
    )
}

/** The choice that gives these scopes; nothing when they are of a form that cannot be chosen here. */
export function chosenOf(scopes: readonly string[]): Chosen | undefined {
  const found = scopes.map((scope) => {
    const right = rights.find(({ id }) => scope === id || scope.startsWith(`${id}:`))?.id ?? ''
    return { right, pattern: scope.slice(right.length + 1) }
  })
  const names = [...new Set(found.map(({ pattern }) => pattern).filter((pattern) => pattern !== ''))].join(', ')
  const chosen = { rights: new Set(found.map(({ right }) => right)), names }
  const isSame = [...scopesOf(chosen)].sort().join(' ') === [...scopes].sort().join(' ')
  return isSame ? chosen : undefined
}

export function ScopesField({
  offered,
  chosen,
  onChange,
  fault,
}: {
  readonly offered: readonly Right[]
  readonly chosen: Chosen
  readonly onChange: (chosen: Chosen) => void
  readonly fault?: string | undefined
}) {
  return (
    <>
      <fieldset className="field">
        <legend>Permissions</legend>
        <div className="stack-s" style={{ marginTop: 6 }}>
          {offered.map(({ id, label, about }) => (
            <Checkbox
              key={id}
              isSelected={chosen.rights.has(id)}
              onChange={(isOn) => {
                const next = new Set(chosen.rights)
                if (isOn) next.add(id)
                else next.delete(id)
                onChange({ ...chosen, rights: next })
              }}
            >
              {label} <span className="hint">{about}</span>
            </Checkbox>
          ))}
        </div>
      </fieldset>
      <Field
        label="Limit to secrets"
        value={chosen.names}
        onValue={(names) => onChange({ ...chosen, names })}
        placeholder="prod-*, shared-smtp-password"
        hint="Names or patterns with *. Leave blank for all secrets."
        fault={fault}
        spellCheck={false}
      />
    </>
  )
}
