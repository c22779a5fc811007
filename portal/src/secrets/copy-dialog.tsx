/** Copies secrets into another environment, and says first what that would do. */
import { useState } from 'react'
import type { CopiedSecret } from '../api/client.ts'
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

/** Environments that secrets can be copied from, each with those that they can be copied to from there. */
export type Ways = ReadonlyMap<string, readonly string[]>

let opened = 0

export function CopyDialog({
  what,
  count,
  ways,
  first,
  namesIn,
  onClose,
  onCopied,
}: {
  /** What they are called in a sentence, such as `3 secrets` or the name of one. */
  readonly what: string
  readonly count: number
  readonly ways: Ways
  /** Where they are copied from, unless another environment is chosen. */
  readonly first: string
  /** Those of them that an environment has. */
  readonly namesIn: (environment: string, signal: AbortSignal) => Promise<readonly string[]>
  readonly onClose: () => void
  readonly onCopied?: () => void
}) {
  // What is copied is of this dialog: another one asks anew.
  const [id] = useState(() => ++opened)
  const [from, setFrom] = useState(first)
  const targets = ways.get(from) ?? []
  const [wanted, setTo] = useState('')
  const to = targets.includes(wanted) ? wanted : (targets[0] ?? from)
  const [copied, setCopied] = useState<number>()
  const [total, setTotal] = useState(0)
  // What is shown of this environment may be what was copied.
  const refresh = useRefresh(environmentsKey, ['secrets'], ['lists'], ['deployments'])
  const preview = useAnswer(
    [...comparedKey, 'copy', id, from, to],
    async (options) => previewOf({ from, to, names: await namesIn(from, options.signal) }, options),
    { gcTime: 0, staleTime: 0 },
  )
  const work = (preview.data ?? []).filter(({ state }) => state === 'created' || state === 'replaced')
  const run = async () => {
    const isInParts = work.length > partSize
    setTotal(work.length)
    try {
      await copyAll({ from, to, names: work.map(({ name }) => name) }, (count) => isInParts && setCopied(count))
    } finally {
      await refresh()
    }
    toast(`${count === 1 ? what : counted(work.length, 'secret')} copied to ${to}`)
    onCopied?.()
  }
  return (
    <FormDialog
      title={`Copy ${what} from ${from}`}
      onClose={onClose}
      submit={count === 1 ? 'Copy secret' : `Copy ${counted(work.length, 'secret')}`}
      isReady={work.length > 0}
      run={run}
    >
      {ways.size > 1 ? (
        <Select label="From" value={from} onChoose={setFrom} choices={choicesOf([...ways.keys()])} />
      ) : null}
      <Select label="To" value={to} onChoose={setTo} choices={choicesOf(targets)} />
      <Loaded of={preview} lines={count === 1 ? 1 : 3}>
        {(fates) =>
          fates.length === 0 ? (
            <p className="small" role="status">
              {count === 1 ? 'It isn’t' : 'None of them is'} in {from}.
            </p>
          ) : count === 1 ? (
            <Fate of={fates} />
          ) : (
            <Fates of={fates} from={from} absent={count - fates.length} work={work.length} />
          )
        }
      </Loaded>
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

function choicesOf(names: readonly string[]) {
  return names.map((id) => ({ id, label: id }))
}
