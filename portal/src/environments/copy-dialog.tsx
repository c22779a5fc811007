/** Copies secrets into another environment, and says first what that would do. */
import { useState } from 'react'
import type { ComparedName, CopiedSecret } from '../api/client.ts'
import { useAnswer, useRefresh } from '../api/queries.ts'
import { environmentsKey } from '../session/environments.ts'
import { Select } from '../ui/controls.tsx'
import { FormDialog } from '../ui/form.tsx'
import { Progress } from '../ui/progress.tsx'
import { Loaded } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { counted } from '../ui/words.ts'
import { comparedKey, copyAll, partSize, previewOf } from './copying.ts'

/** More are copied, and not listed. */
const listedRows = 300

const sentences = {
  created: 'It will be created there.',
  replaced: 'It will replace the current version there. Earlier versions are kept.',
  same: 'It is the same there: nothing will change.',
  refused: 'It can’t be copied.',
} as const

const tags = {
  created: ['New', 'ok'],
  replaced: ['Replaced', 'warn'],
  same: ['Same', ''],
  refused: ['Can’t copy', 'bad'],
} as const

interface CopyProps {
  readonly rows: readonly ComparedName[]
  /** Where they can be copied from, and to which environments from there. */
  readonly ways: ReadonlyMap<string, readonly string[]>
  readonly onClose: () => void
  readonly onCopied?: () => void
}

export function CopyDialog({ rows, ways, onClose, onCopied }: CopyProps) {
  const [from, setFrom] = useState(sourceOf(rows, ways))
  const targets = ways.get(from) ?? []
  const [wanted, setTo] = useState('')
  const to = targets.includes(wanted) ? wanted : (targets[0] ?? from)
  const names = rows.filter((row) => isIn(row, from)).map(({ name }) => name)
  const [copied, setCopied] = useState<number>()
  const [total, setTotal] = useState(0)
  // What is shown of this environment may be what was copied.
  const refresh = useRefresh(environmentsKey, ['secrets'], ['lists'], ['deployments'])
  const preview = useAnswer(
    [...comparedKey, 'copy', from, to, names],
    (options) => previewOf({ from, to, names }, options),
    { gcTime: 0, staleTime: 0, enabled: names.length > 0 },
  )
  const work = (preview.data ?? []).filter(({ state }) => state === 'created' || state === 'replaced')
  const [only] = rows.length === 1 ? names : []
  const run = async () => {
    const isInParts = work.length > partSize
    setTotal(work.length)
    try {
      await copyAll({ from, to, names: work.map(({ name }) => name) }, (count) => isInParts && setCopied(count))
    } finally {
      await refresh()
    }
    toast(`${only ?? counted(work.length, 'secret')} copied to ${to}`)
    onCopied?.()
  }
  return (
    <FormDialog
      title={`Copy ${only ?? counted(rows.length, 'secret')} from ${from}`}
      onClose={onClose}
      submit={only === undefined ? `Copy ${counted(work.length, 'secret')}` : 'Copy secret'}
      isReady={work.length > 0}
      run={run}
    >
      {ways.size > 1 ? (
        <Select label="From" value={from} onChoose={setFrom} choices={choicesOf([...ways.keys()])} />
      ) : null}
      <Select label="To" value={to} onChoose={setTo} choices={choicesOf(targets)} />
      {names.length === 0 ? (
        <p className="small" role="status">
          None of them {rows.length === 1 ? 'is' : 'are'} in {from}.
        </p>
      ) : (
        <Loaded of={preview} lines={only === undefined ? 3 : 1}>
          {(fates) =>
            only === undefined ? (
              <Fates of={fates} from={from} absent={rows.length - names.length} work={work.length} />
            ) : (
              <Fate of={fates} />
            )
          }
        </Loaded>
      )}
      {copied === undefined ? null : <Progress done={copied} total={total} label="Secrets copied" />}
    </FormDialog>
  )
}

function Fate({ of: [fate] }: { readonly of: readonly CopiedSecret[] }) {
  if (fate === undefined) return null
  return (
    <p className="small" role="status">
      {sentences[fate.state]} {fate.why}
    </p>
  )
}

function Fates({
  of: fates,
  from,
  absent,
  work,
}: {
  readonly of: readonly CopiedSecret[]
  readonly from: string
  /** How many are not there. */
  readonly absent: number
  readonly work: number
}) {
  return (
    <>
      <p className="small" role="status">
        {amounts(fates)}
        {absent === 0 ? '' : ` ${absent.toLocaleString('en')} not in ${from}.`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long list is scrolled by keys */}
      <div className="failures" tabIndex={0} role="region" aria-label="Preview">
        <ul>
          {fates.slice(0, listedRows).map(({ name, state, why }) => (
            <li key={name}>
              <span className={`tag ${tags[state][1]}`}>{tags[state][0]}</span>
              <span className="break">{name}</span>
              <span className="muted">{why}</span>
            </li>
          ))}
        </ul>
        {fates.length > listedRows ? (
          <p className="hint">and {counted(fates.length - listedRows, 'more', 'more')}</p>
        ) : null}
      </div>
      <p className="hint">
        {work > partSize
          ? `Secrets are copied in groups of ${partSize}; each group is copied completely or not at all.`
          : 'All are copied, or none. Earlier versions are kept.'}
      </p>
    </>
  )
}

function amounts(fates: readonly CopiedSecret[]): string {
  const parts = (['created', 'replaced', 'same', 'refused'] as const).flatMap((state) => {
    const count = fates.filter((one) => one.state === state).length
    return count === 0 ? [] : [`${count.toLocaleString('en')} ${words[state]}`]
  })
  return `${parts.join(', ')}.`
}

const words = { created: 'new', replaced: 'replaced', same: 'the same', refused: 'can’t be copied' } as const

/** Where the most of them are. */
function sourceOf(rows: readonly ComparedName[], ways: CopyProps['ways']): string {
  const count = (from: string) => rows.filter((row) => isIn(row, from)).length
  const [first = ''] = [...ways.keys()].sort((one, other) => count(other) - count(one))
  return first
}

function isIn({ in: held }: ComparedName, environment: string): boolean {
  return held.some((one) => one.environment === environment)
}

function choicesOf(names: readonly string[]) {
  return names.map((id) => ({ id, label: id }))
}
