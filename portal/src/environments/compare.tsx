/** Environments side by side: which names each has, whether their values are the same, and copying from one to another. */
import { CopyPlus, X } from 'lucide-react'
import { useSearchParams } from 'wouter'
import { type ComparedName, type Environment, strongroom } from '../api/client.ts'
import { environment as current } from '../api/environment.ts'
import { usePages } from '../api/queries.ts'
import { CopyDialog, type Ways } from '../secrets/copy-dialog.tsx'
import { comparedKey } from '../secrets/copying.ts'
import { useEnvironments } from '../session/environments.ts'
import { useRightsIn } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Button, Checkbox, IconButton, RowBox, Select } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Paged } from '../ui/paged.tsx'
import { changed } from '../ui/search.ts'
import { Loaded } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { counted } from '../ui/words.ts'
import { type ChosenNames, useChosenNames } from './chosen-names.ts'

/** As many as the server compares at once. */
const mostCompared = 10
const fewestCompared = 2

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
        const comparable = all.filter(isComparable).map(({ name }) => name)
        if (all.length < 2) return <p className="muted">There is only one environment: nothing to compare.</p>
        if (comparable.length < 2) {
          return <p className="muted">To compare environments, you need permission to read secrets in two of them.</p>
        }
        return <Compared all={comparable} />
      }}
    </Loaded>
  )
}

/** Those that are compared are in the address. */
function Compared({ all }: { readonly all: readonly string[] }) {
  const [query, setQuery] = useSearchParams()
  const wanted = query.get('in')?.split(',') ?? []
  const named = all.filter((name) => wanted.includes(name)).slice(0, mostCompared)
  const chosen = named.length < fewestCompared ? firstOf(all) : named
  const choose = (names: readonly string[]) =>
    setQuery((old) => changed(old, { in: names.join(',') }), { replace: true })
  return (
    <>
      {all.length > fewestCompared ? <EnvironmentChoice all={all} chosen={chosen} onChoose={choose} /> : null}
      <Matrix key={chosen.join(',')} names={chosen} />
    </>
  )
}

/** As many as can be compared, the current one among them. */
function firstOf(all: readonly string[]): readonly string[] {
  const first = all.slice(0, mostCompared)
  return first.includes(current) || !all.includes(current) ? first : [...first.slice(0, -1), current]
}

function EnvironmentChoice({
  all,
  chosen,
  onChoose,
}: {
  readonly all: readonly string[]
  readonly chosen: readonly string[]
  readonly onChoose: (chosen: readonly string[]) => void
}) {
  const canAdd = chosen.length < mostCompared
  const canRemove = chosen.length > fewestCompared
  return (
    <details className="more">
      <summary>
        Comparing {chosen.length} of {all.length} environments
      </summary>
      <fieldset className="field">
        <legend className="sr-only">Environments to compare</legend>
        <div className="row" style={{ columnGap: 18 }}>
          {all.map((name) => {
            const isChosen = chosen.includes(name)
            return (
              <Checkbox
                key={name}
                isSelected={isChosen}
                isDisabled={isChosen ? !canRemove : !canAdd}
                onChange={(isOn) => onChoose(all.filter((one) => (one === name ? isOn : chosen.includes(one))))}
              >
                {name}
              </Checkbox>
            )
          })}
        </div>
        <p className="hint">
          {all.length > mostCompared
            ? `Select ${fewestCompared} to ${mostCompared} environments.`
            : `Select at least ${fewestCompared} environments.`}
        </p>
      </fieldset>
    </details>
  )
}

function Matrix({ names }: { readonly names: readonly string[] }) {
  const [query, setQuery] = useSearchParams()
  const compared = usePages([...comparedKey, names], (page, options) =>
    strongroom.environments.comparedPage(names, page, options),
  )
  const { data: all = [] } = compared
  const { dialog, open } = useDialog()
  const rightsIn = useRightsIn()
  const chosen = useChosenNames()
  const state = query.get('state') ?? ''
  /** Where a secret can be copied to from there. */
  const targetsOf = (name: string, from: string) =>
    rightsIn(from).can('secrets:read', name)
      ? names.filter((to) => to !== from && rightsIn(to).can('secrets:write', name))
      : []
  const openCopy = (rows: readonly ComparedName[], ways: Ways, onCopied?: () => void) =>
    open((close) => (
      <CopyDialog
        what={rows.length === 1 ? (rows[0]?.name ?? '') : counted(rows.length, 'secret')}
        count={rows.length}
        ways={ways}
        first={sourceOf(rows, ways)}
        namesIn={async (from) => rows.filter((row) => isIn(row, from)).map(({ name }) => name)}
        onClose={close}
        {...(onCopied === undefined ? {} : { onCopied })}
      />
    ))
  const copyOf: CopyOf = (row, from) => {
    const to = targetsOf(row.name, from)
    if (to.length === 0) return undefined
    return () => openCopy([row], new Map([[from, to]]))
  }
  const ways = waysBetween(names, rightsIn)
  const copyChosen = () =>
    openCopy(
      all.filter(({ name }) => chosen.has(name)),
      ways,
      chosen.clear,
    )
  return (
    <>
      <p className="hint">
        Values are compared on the server and never shown; comparing is logged. In a row, the same letter means the same
        value. Inherited values are not compared.
      </p>
      <ChosenBar chosen={chosen} onCopy={copyChosen} />
      <Card label="Comparison of environments">
        <Paged
          of={compared}
          noun="name"
          textOf={({ name }) => name}
          isShown={(row) => state === '' || row.state === state}
          choices={
            <StateChoice
              state={state}
              onChoose={(next) => setQuery((old) => changed(old, { state: next }), { replace: true })}
            />
          }
          empty={
            <p className="card-pad muted">
              {state === '' ? 'No secrets that you can compare.' : 'No names match your filter.'}
            </p>
          }
        >
          {(shown, found) => (
            <Table
              label="Table of names"
              look="matrix"
              columns={columnsOf(names, copyOf, ways.size === 0 ? undefined : { ...chosen, found })}
              rows={shown}
              keyOf={({ name }) => name}
              lookOf={({ name }) => (chosen.has(name) ? 'selected' : '')}
            />
          )}
        </Paged>
      </Card>
      {dialog}
    </>
  )
}

/** Where the most of them are. */
function sourceOf(rows: readonly ComparedName[], ways: Ways): string {
  const count = (from: string) => rows.filter((row) => isIn(row, from)).length
  const [first = ''] = [...ways.keys()].sort((one, other) => count(other) - count(one))
  return first
}

function isIn({ in: held }: ComparedName, environment: string): boolean {
  return held.some((one) => one.environment === environment)
}

/** Where one may read some secrets, and there where one may write some of them. */
function waysBetween(names: readonly string[], rightsIn: ReturnType<typeof useRightsIn>) {
  const targets = names.filter((to) => rightsIn(to).has('secrets:write'))
  return new Map(
    names
      .filter((from) => rightsIn(from).has('secrets:read'))
      .map((from) => [from, targets.filter((to) => to !== from)] as const)
      .filter(([, to]) => to.length > 0),
  )
}

function StateChoice({ state, onChoose }: { readonly state: string; readonly onChoose: (state: string) => void }) {
  const choices = Object.entries(states).map(([id, [label]]) => ({ id, label }))
  return (
    <Select
      label="State"
      isLabelHidden
      value={state}
      onChoose={onChoose}
      choices={[{ id: '', label: 'Any state' }, ...choices]}
    />
  )
}

function ChosenBar({ chosen, onCopy }: { readonly chosen: ChosenNames; readonly onCopy: () => void }) {
  if (chosen.count === 0) return <div className="sr-only" role="status" />
  return (
    <section className="selection-bar is-in-page" aria-label="Selected secrets">
      <span role="status">{chosen.count.toLocaleString('en')} selected</span>
      <Button small onPress={onCopy}>
        <CopyPlus size={14} aria-hidden />
        Copy to environment
      </Button>
      <IconButton label="Clear selection" small onPress={chosen.clear}>
        <X size={14} aria-hidden />
      </IconButton>
    </section>
  )
}

/** What copies a secret from an environment, for whoever may. */
type CopyOf = (row: ComparedName, from: string) => (() => void) | undefined

function columnsOf(
  names: readonly string[],
  copyOf: CopyOf,
  /** Nothing where nothing can be copied. */
  choosing: (ChosenNames & { readonly found: readonly ComparedName[] }) | undefined,
): readonly Column<ComparedName>[] {
  return [
    ...(choosing === undefined ? [] : [selectColumn(choosing, choosing.found)]),
    { id: 'name', head: 'Name', look: 'break wide', cell: ({ name }) => name },
    {
      id: 'state',
      head: 'State',
      cell: ({ state }) => <span className={`tag ${states[state][1]}`}>{states[state][0]}</span>,
    },
    ...names.map((environment) => ({
      id: `in ${environment}`,
      head: environment,
      look: 'nowrap',
      cell: (row: ComparedName) => <Cell of={row} environment={environment} onCopy={copyOf(row, environment)} />,
    })),
  ]
}

function selectColumn(chosen: ChosenNames, found: readonly ComparedName[]): Column<ComparedName> {
  const names = found.map(({ name }) => name)
  const isAll = names.every(chosen.has)
  return {
    id: 'select',
    head: 'Select',
    width: 20,
    headCell: (
      <RowBox
        label="Select all"
        isSelected={isAll}
        isPartly={chosen.count > 0 && !isAll}
        onChange={() => (isAll ? chosen.clear() : chosen.choose(names))}
      />
    ),
    cell: ({ name }) => (
      <RowBox
        label={`Select ${name}`}
        isSelected={chosen.has(name)}
        onChange={(isRange) => (isRange ? chosen.extend(name, names) : chosen.toggle(name))}
      />
    ),
  }
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
