/** Environments side by side: which names each has, whether their values are the same, and copying from one to another. */
import { CopyPlus } from 'lucide-react'
import { useState } from 'react'
import { type ComparedName, type Environment, strongroom } from '../api/client.ts'
import { useAnswer, useRefresh } from '../api/queries.ts'
import { environmentsKey, useEnvironments } from '../session/environments.ts'
import { useRightsIn } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { IconButton, Select } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { FormDialog } from '../ui/form.tsx'
import { Loaded } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { toast } from '../ui/toast.tsx'

/** As many as the server compares at once. */
const mostCompared = 10
/** More names are compared, and not shown. */
const shownRows = 500
const comparedKey = [...environmentsKey, 'compared']

const states = {
  same: ['Same', 'ok'],
  different: ['Differs', 'warn'],
  missing: ['Missing', 'bad'],
  inherited: ['Inherited', ''],
  unknown: ['Can’t compare', ''],
} as const

export function Comparison() {
  const rightsIn = useRightsIn()
  const isComparable = ({ name }: Environment) =>
    rightsIn(name).has('secrets:read') || rightsIn(name).has('secrets:scan')
  return (
    <Loaded of={useEnvironments()}>
      {(all) => {
        const comparable = all.filter(isComparable)
        if (all.length < 2) return <p className="muted">There is only one environment: nothing to compare.</p>
        if (comparable.length < 2) {
          return <p className="muted">To compare environments, you need permission to read secrets in two of them.</p>
        }
        return (
          <>
            {comparable.length > mostCompared ? (
              <p className="hint">
                Comparing the first {mostCompared} of {comparable.length} environments.
              </p>
            ) : null}
            <Matrix environments={comparable.slice(0, mostCompared)} />
          </>
        )
      }}
    </Loaded>
  )
}

function Matrix({ environments }: { readonly environments: readonly Environment[] }) {
  const names = environments.map(({ name }) => name)
  const compared = useAnswer([...comparedKey, names], (options) =>
    strongroom.environments.comparedPage(names, { limit: shownRows }, options),
  )
  const { dialog, open } = useDialog()
  const rightsIn = useRightsIn()
  /** Where a secret can be copied to from there. */
  const targetsOf = (name: string, from: string) =>
    rightsIn(from).can('secrets:read', name)
      ? names.filter((to) => to !== from && rightsIn(to).can('secrets:write', name))
      : []
  const copyOf: CopyOf = (name, from) => {
    const to = targetsOf(name, from)
    if (to.length === 0) return undefined
    return () => open((close) => <CopyDialog name={name} from={from} targets={to} onClose={close} />)
  }
  return (
    <>
      <p className="hint">
        Values are compared on the server and never shown; comparing is logged. In a row, the same letter means the same
        value. Inherited values are not compared.
      </p>
      <Card label="Comparison of environments">
        <Loaded of={compared}>
          {({ items }) => (
            <Table
              label="Table of names"
              columns={columnsOf(names, copyOf)}
              rows={items}
              keyOf={({ name }) => name}
              empty={<p className="card-pad muted">No secrets that you can compare.</p>}
            />
          )}
        </Loaded>
      </Card>
      {compared.data?.next === undefined ? null : <p className="hint">Showing the first {shownRows} names.</p>}
      {dialog}
    </>
  )
}

/** What copies a secret from an environment, for whoever may. */
type CopyOf = (name: string, from: string) => (() => void) | undefined

function columnsOf(names: readonly string[], copyOf: CopyOf): readonly Column<ComparedName>[] {
  return [
    { id: 'name', head: 'Name', look: 'break', cell: ({ name }) => name },
    {
      id: 'state',
      head: 'State',
      cell: ({ state }) => <span className={`tag ${states[state][1]}`}>{states[state][0]}</span>,
    },
    ...names.map((environment) => ({
      id: `in ${environment}`,
      head: environment,
      cell: (row: ComparedName) => <Cell of={row} environment={environment} onCopy={copyOf(row.name, environment)} />,
    })),
  ]
}

/** What an environment has under a name. */
function Cell({
  of: { name, in: held, inherited },
  environment,
  onCopy,
}: {
  readonly of: ComparedName
  readonly environment: string
  readonly onCopy: (() => void) | undefined
}) {
  const found = held.find((one) => one.environment === environment)
  if (found === undefined)
    return <span className="muted">{inherited.includes(environment) ? 'Inherited' : 'Missing'}</span>
  const letter = found.group === null ? '' : `${String.fromCharCode(64 + found.group)}, `
  return (
    <>
      {letter}version {found.version}{' '}
      {onCopy === undefined ? null : (
        <IconButton label={`Copy ${name} from ${environment}`} small onPress={onCopy}>
          <CopyPlus size={14} aria-hidden />
        </IconButton>
      )}
    </>
  )
}

const fates = {
  created: 'It will be created there.',
  replaced: 'It will replace the current version there. Earlier versions are kept.',
  same: 'It is the same there: nothing will change.',
  refused: 'It can’t be copied.',
} as const

/** Says first what it would do. */
function CopyDialog({
  name,
  from,
  targets,
  onClose,
}: {
  readonly name: string
  readonly from: string
  /** Where it can be copied to. */
  readonly targets: readonly string[]
  readonly onClose: () => void
}) {
  const [to, setTo] = useState(targets[0] ?? from)
  // What is shown of this environment may be what was copied.
  const refresh = useRefresh(environmentsKey, ['secrets'], ['lists'], ['deployments'])
  const preview = useAnswer(
    [...comparedKey, 'copy', name, from, to],
    ({ signal }) => strongroom.environments.copy({ from, to, names: [name], dry_run: true }, { signal }),
    { gcTime: 0, staleTime: 0 },
  )
  const fate = preview.data?.[0]
  return (
    <FormDialog
      title={`Copy ${name} from ${from}`}
      onClose={onClose}
      submit="Copy secret"
      isReady={fate?.state === 'created' || fate?.state === 'replaced'}
      run={async () => {
        await strongroom.environments.copy({ from, to, names: [name] })
        toast(`${name} copied to ${to}`)
        await refresh()
      }}
    >
      <Select label="To" value={to} onChoose={setTo} choices={targets.map((id) => ({ id, label: id }))} />
      <Loaded of={preview} lines={1}>
        {() =>
          fate === undefined ? null : (
            <p className="small" role="status">
              {fates[fate.state]} {fate.why}
            </p>
          )
        }
      </Loaded>
    </FormDialog>
  )
}
