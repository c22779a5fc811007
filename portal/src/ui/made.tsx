/** What somebody made, and the choice whether it ends with them. */
import type { MadeThings } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { Checkbox } from './controls.tsx'
import { Note, Trouble } from './states.tsx'

const nouns = { keys: 'API key', trust_rules: 'trust rule', machines: 'machine', webhooks: 'webhook' } as const
const kinds = ['keys', 'trust_rules', 'machines', 'webhooks'] as const

/** @param who what they are called in a sentence, such as `This key` */
export function MadeChoice({
  who,
  of,
  load,
  isEnding,
  onEnding,
}: {
  readonly who: string
  /** What tells one maker from another. */
  readonly of: string
  readonly load: () => Promise<MadeThings>
  readonly isEnding: boolean
  readonly onEnding: (isEnding: boolean) => void
}) {
  const { data, error, refetch } = useAnswer(['made', of], load, { gcTime: 0 })
  if (error !== null) return <Trouble error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <p className="hint">Loading…</p>
  if (kinds.every((kind) => data[kind].length === 0)) return null
  return (
    <>
      <Note kind="warn">
        {who} created these. They keep working:
        <ul>{kinds.map((kind) => (data[kind].length === 0 ? null : <li key={kind}>{listed(data, kind)}</li>))}</ul>
      </Note>
      <Checkbox isSelected={isEnding} onChange={onEnding}>
        Revoke and delete these too
      </Checkbox>
    </>
  )
}

const maxNames = 5

function listed(made: MadeThings, kind: (typeof kinds)[number]): string {
  const things = made[kind]
  const names = things.slice(0, maxNames).map(({ name }) => name)
  const more = things.length > maxNames ? ` and ${things.length - maxNames} more` : ''
  return `${things.length} ${nouns[kind]}${things.length === 1 ? '' : 's'}: ${names.join(', ')}${more}`
}
