/** Templates for cloud-init: written with completion, checked while they are typed, previewed without values; and seeds. */
import { lazy, Suspense, useState } from 'react'
import { useSearchParams } from 'wouter'
import { useSession } from '../api/session.ts'
import { type Names, useNames } from '../secrets/names.ts'
import { useSome } from '../secrets/queries.ts'
import { useRights } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import { Page, Tabs } from '../ui/page.tsx'
import { Loading, Note, Trouble } from '../ui/states.tsx'
import { holdDocument } from '../ui/unsaved.ts'
import { NewSeed } from './new-seed.tsx'
import { referencesIn } from './references.ts'
import { Rendering } from './rendering.tsx'
import { Seeds } from './seeds.tsx'

const Editor = lazy(async () => ({ default: (await import('./editor.tsx')).Editor }))

const reference = (name: string) => `\${{secret.${name}}}`

function example(name: string): string {
  return `#cloud-config
write_files:
  - path: /etc/app/password
    owner: root:root
    permissions: '0600'
    content: \${{secret.${name} | yaml}}
runcmd:
  - systemctl restart app
`
}

/** What one person wrote stays while the page is open, wherever they go in between. It holds names, no value. */
let draft: { readonly account: number; readonly user: number; readonly text: string } | undefined

export function CloudInitPage() {
  const [query] = useSearchParams()
  const isSeeds = query.get('tab') === 'seeds'
  const rights = useRights()
  const { account, user } = useSession()
  const { data: some, error, refetch } = useSome({}, 1)
  const [text, setText] = useState(draft?.account === account.id && draft.user === user.id ? draft.text : undefined)
  const first = some && example(some[0]?.name ?? 'db-password')
  const shown = text ?? first
  return (
    <Page
      title="Cloud-init"
      about={
        <>
          Write <code>{reference('NAME')}</code> where a value belongs. Values are filled in at render time, or when a
          machine fetches its seed.
        </>
      }
      actions={rights.has('secrets:read') && shown !== undefined ? <NewSeed template={shown} /> : null}
    >
      {rights.has('secrets:read') ? (
        <Tabs
          label="Cloud-init"
          tabs={[
            ['Template', '/cloud-init'],
            ['Seeds', '/cloud-init?tab=seeds'],
          ]}
          current={isSeeds ? '/cloud-init?tab=seeds' : '/cloud-init'}
        />
      ) : null}
      {isSeeds ? (
        <Seeds />
      ) : shown === undefined ? (
        error === null ? (
          <Loading />
        ) : (
          <Trouble error={error} onRetry={() => void refetch()} />
        )
      ) : (
        <Writing
          text={shown}
          onChange={(next) => {
            draft = { account: account.id, user: user.id, text: next }
            // Nothing keeps it but this document.
            holdDocument('template', next !== first)
            setText(next)
          }}
        />
      )}
    </Page>
  )
}

function Writing({ text, onChange }: { readonly text: string; readonly onChange: (text: string) => void }) {
  const rights = useRights()
  const [faults, setFaults] = useState<readonly string[]>([])
  const referred = [...new Set(referencesIn(text).flatMap(({ name, fault }) => (fault === undefined ? [name] : [])))]
  const names = useNames(referred)
  const isAsking = referred.some((name) => names.isThere(name) === undefined)
  return (
    <>
      <div className="editor-split">
        <Card
          title="Template"
          end={
            <span className="hint">
              Type {'$'}
              {'{{'} for the names of secrets
            </span>
          }
        >
          <Suspense fallback={<Loading />}>
            <Editor text={text} names={names} onChange={onChange} onFaults={setFaults} />
          </Suspense>
        </Card>
        <Card title="Preview" end={<span className="hint">Values are hidden</span>}>
          <Preview text={text} names={names} />
        </Card>
      </div>
      <div aria-live="polite">
        {faults.length === 0 ? (
          <Note kind="ok">
            {referencesIn(text).length === 0
              ? 'No references to secrets yet.'
              : isAsking
                ? 'Looking up the secrets…'
                : 'All references resolve.'}
          </Note>
        ) : (
          <Note kind="warn">
            <ul>
              {[...new Set(faults)].slice(0, 8).map((fault) => (
                <li key={fault}>{fault}</li>
              ))}
            </ul>
          </Note>
        )}
      </div>
      {rights.has('secrets:read') ? <Rendering template={text} /> : null}
    </>
  )
}

function Preview({ text, names }: { readonly text: string; readonly names: Names }) {
  const parts: React.ReactNode[] = []
  let done = 0
  for (const { from, to, name, fault } of referencesIn(text)) {
    const isBad = fault !== undefined || names.isThere(name) === false
    parts.push(
      text.slice(done, from),
      <mark key={from} className={isBad ? 'bad' : ''} title={name}>
        {isBad ? text.slice(from, to) : '••••••••'}
      </mark>,
    )
    done = to
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keys
    <pre className="preview" tabIndex={0} role="region" aria-label="Preview without values">
      {parts}
      {text.slice(done)}
    </pre>
  )
}
