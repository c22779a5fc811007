/** The secrets that an environment inherits: read-only here, and changed where they are kept. */
import { CornerDownRight } from 'lucide-react'
import { type Metadata, strongroom } from '../api/client.ts'
import { addressIn, environment, firstEnvironment } from '../api/environment.ts'
import { useAnswer } from '../api/queries.ts'
import { useEnvironments } from '../session/environments.ts'
import { Card } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Page } from '../ui/page.tsx'
import { Empty, Loaded } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago } from '../ui/time.tsx'
import { secretsKey } from './queries.ts'
import { typeLabel } from './types.ts'

/** More are inherited, and not shown. */
const shownRows = 1000

const columns: readonly Column<Metadata>[] = [
  { id: 'name', head: 'Name', look: 'break', cell: (secret) => <Name of={secret} /> },
  { id: 'from', head: 'Inherited from', look: 'break', cell: (secret) => <From of={secret} /> },
  { id: 'type', head: 'Type', from: 640, cell: ({ type }) => typeLabel(type) },
  { id: 'updated', head: 'Updated', from: 520, look: 'muted', cell: (secret) => <Ago time={secret.updated_at} /> },
]

/** Whether it may inherit: whoever does not see what it inherits from is not told that it does. */
export const mayInherit = environment !== firstEnvironment

/** The environment that this one inherits from, by its name, if there is one to be told. */
export function useBase(): string | undefined {
  const { data = [] } = useEnvironments()
  return data.find(({ name }) => name === environment)?.base ?? undefined
}

export function InheritedSecrets() {
  const inherited = useAnswer([...secretsKey, 'inherited'], inheritedOf)
  return (
    <Page
      title="Inherited secrets"
      about={`Anyone with access to ${environment} can read these there. To change one, edit it where it is from, or create a secret with the same name in ${environment}.`}
    >
      <Card label="Inherited secrets">
        <Loaded of={inherited}>
          {(all) => (
            <Table
              label="Table of inherited secrets"
              columns={columns}
              rows={all.slice(0, shownRows)}
              keyOf={({ id }) => id}
              empty={
                <Empty icon={CornerDownRight} title="Nothing inherited">
                  {environment} inherits no secrets, or has its own for every name.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Card>
      {(inherited.data?.length ?? 0) > shownRows ? (
        <p className="hint">Showing the first {shownRows.toLocaleString('en')}.</p>
      ) : null}
    </Page>
  )
}

/** Those that come from a base, by name; one more than are shown tells that there are others. */
async function inheritedOf(options: { readonly signal: AbortSignal }): Promise<readonly Metadata[]> {
  const found: Metadata[] = []
  for await (const secret of strongroom.secrets.listMetadata({ effective: 'true' }, options)) {
    if (secret.inherited === true) found.push(secret)
    if (found.length > shownRows) break
  }
  return found
}

/** Where it is kept may be an environment that one does not see: it is told of none, and leads nowhere. */
function Name({ of: { id, name, environment: from } }: { readonly of: Metadata }) {
  return from === undefined || from === null ? name : <a href={addressIn(from, `/secrets/${id}`)}>{name}</a>
}

function From({ of: { environment: from } }: { readonly of: Metadata }) {
  return <span className="tag">{from ?? 'another environment'}</span>
}
