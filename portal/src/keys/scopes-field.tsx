/** Choosing scopes: permissions in words, the names and environments that they are limited to; and any other, as text. */
import { environment as current } from '../api/environment.ts'
import { useSession } from '../api/session.ts'
import { useEnvironmentNames } from '../session/environments.ts'
import { useRecoveryDays } from '../session/kept.tsx'
import { useRights } from '../session/rights.ts'
import { Checkbox, Field, Select, TextArea } from '../ui/controls.tsx'
import { counted, wordsOf } from '../ui/words.ts'
import { partsOf, type Right, rights } from './scopes.ts'

export interface Chosen {
  readonly rights: ReadonlySet<string>
  /** Names or patterns, as they are typed. */
  readonly names: string
  /** Nothing for every environment. */
  readonly environments: ReadonlySet<string> | undefined
  /** Scopes as they are typed, beside those. */
  readonly more: string
}

/** The choice before anything is chosen: in every environment, for whoever has rights there. */
export function useFirstChoice(chosen: readonly string[]): Chosen {
  const { scopes } = useSession()
  const isEverywhere = scopes.some((scope) => scope.startsWith('secrets:') && !scope.includes('@'))
  const isBound = !isEverywhere && scopes.some((scope) => scope.includes('@'))
  return {
    ...{ rights: new Set(chosen), names: '', more: '' },
    environments: isBound ? new Set([current]) : undefined,
  }
}

export function scopesOf({ rights: chosen, names, environments, more }: Chosen): readonly string[] {
  const patterns = wordsOf(names)
  const places = environments === undefined ? [''] : [...environments].map((name) => `@${name}`)
  const ticked = rights
    .filter(({ id }) => chosen.has(id))
    .flatMap(({ id, hasNames, isWhole = false }) => {
      const narrowed = hasNames && patterns.length > 0 ? patterns.map((pattern) => `${id}:${pattern}`) : [id]
      return isWhole ? narrowed : narrowed.flatMap((scope) => places.map((place) => `${scope}${place}`))
    })
  return [...new Set([...ticked, ...wordsOf(more)])]
}

/** The choice that gives these scopes; as text, where they are of a form that cannot be ticked. */
export function chosenOf(scopes: readonly string[]): Chosen {
  const parts = scopes.map(partsOf)
  const names = new Set(parts.map(({ pattern }) => pattern).filter((pattern) => pattern !== '*'))
  const placed = parts.flatMap(({ environment }) => (environment === undefined ? [] : [environment]))
  const ticked = {
    rights: new Set(parts.flatMap(({ right }) => (right === undefined ? [] : [right.id]))),
    names: [...names].join(', '),
    environments: placed.length === 0 ? undefined : new Set(placed),
    more: '',
  }
  const isSame = [...scopesOf(ticked)].sort().join(' ') === [...scopes].sort().join(' ')
  return isSame ? ticked : { rights: new Set(), names: '', environments: undefined, more: scopes.join('\n') }
}

interface FieldProps {
  readonly chosen: Chosen
  readonly onChange: (chosen: Chosen) => void
}

export function ScopesField({
  offered,
  chosen,
  onChange,
  fault,
}: FieldProps & {
  /** Of them, those are shown that the person has in some environment at least: nobody gives what they have not. */
  readonly offered: readonly Right[]
  readonly fault?: string | undefined
}) {
  const { hasSomewhere } = useRights()
  const shown = offered.filter(({ id }) => hasSomewhere(id))
  const aboutDeleting = useAboutDeleting(shown)
  return (
    <>
      <fieldset className="field">
        <legend>Permissions</legend>
        <div className="stack-s" style={{ marginTop: 6 }}>
          {shown.map(({ id, label, about }) => (
            <Checkbox
              key={id}
              isSelected={chosen.rights.has(id)}
              onChange={(isOn) => onChange({ ...chosen, rights: toggled(chosen.rights, id, isOn) })}
            >
              {label} <span className="hint">{id === deleting ? aboutDeleting : about}</span>
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
        fault={chosen.more === '' ? fault : undefined}
        spellCheck={false}
      />
      <EnvironmentsField chosen={chosen} onChange={onChange} />
      <details className="more" open={chosen.more !== ''}>
        <summary>More scopes</summary>
        <TextArea
          label="Scopes"
          rows={3}
          value={chosen.more}
          onValue={(more) => onChange({ ...chosen, more })}
          fault={chosen.more === '' ? undefined : fault}
          placeholder="secrets:read:web-*@prod"
          hint="Added to the permissions above. One per line: the permission, optionally “:” and a name or pattern, and “@” and an environment."
          spellCheck={false}
        />
      </details>
    </>
  )
}

const deleting = 'secrets:delete'

/** What becomes of what is deleted now, as the account has it; until that is known, what holds in any. */
function useAboutDeleting(shown: readonly Right[]): string | undefined {
  const right = shown.find(({ id }) => id === deleting)
  const mayAsk = useRights().has('secrets:list')
  const days = useRecoveryDays(right !== undefined && mayAsk)
  if (days === undefined) return right?.about
  return days === 0
    ? 'With all versions. Permanent.'
    : `With all versions. Can be restored for ${counted(days, 'day')}.`
}

const reaches = [
  { id: 'all', label: 'All environments' },
  { id: 'some', label: 'Only selected environments' },
] as const

/** Of those that the person sees; where there is but one for everybody, there is nothing to choose. */
function EnvironmentsField({ chosen, onChange }: FieldProps) {
  const { environments } = chosen
  const names = useEnvironmentNames(environments)
  if (names.length < 2 && environments === undefined) return null
  return (
    <>
      <Select
        label="Environments"
        value={environments === undefined ? 'all' : 'some'}
        choices={reaches}
        onChoose={(reach) => onChange({ ...chosen, environments: reach === 'all' ? undefined : new Set([current]) })}
      />
      {environments === undefined ? null : (
        <fieldset className="field">
          <legend className="sr-only">Selected environments</legend>
          <div className="row" style={{ columnGap: 18 }}>
            {names.map((name) => (
              <Checkbox
                key={name}
                isSelected={environments.has(name)}
                onChange={(isOn) => onChange({ ...chosen, environments: toggled(environments, name, isOn) })}
              >
                {name}
              </Checkbox>
            ))}
          </div>
        </fieldset>
      )}
    </>
  )
}

function toggled(all: ReadonlySet<string>, one: string, isOn: boolean): ReadonlySet<string> {
  const next = new Set(all)
  if (isOn) next.add(one)
  else next.delete(one)
  return next
}
