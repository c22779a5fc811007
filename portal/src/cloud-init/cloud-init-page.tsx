/** Templates for cloud-init: written with completion, checked while they are typed, previewed without values. */
import { Copy, Download, Eye, EyeOff, FileCode2, Play } from 'lucide-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import { StrongroomError } from '../../../src/client/index.ts'
import { sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { download } from '../secrets/content.ts'
import { useSecrets } from '../secrets/queries.ts'
import { useReveal } from '../secrets/value.ts'
import { useRights } from '../session/rights.ts'
import { Button, Field } from '../ui/controls.tsx'
import { copyText } from '../ui/copy.tsx'
import { Loading, Note, PageHead } from '../ui/states.tsx'
import { referencesIn } from './references.ts'

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

/** What was written stays while the page is open, wherever the person goes in between. It holds names, no value. */
let draft: string | undefined

export function CloudInitPage() {
  const { data: secrets } = useSecrets()
  const rights = useRights()
  const names = useMemo(() => secrets?.map(({ name }) => name), [secrets])
  const [text, setText] = useState(draft)
  const [faults, setFaults] = useState<readonly string[]>([])
  const shown = text ?? (names === undefined ? undefined : example(names[0] ?? 'db-password'))
  return (
    <div className="page">
      <PageHead
        title="Cloud-init"
        about={
          <>
            A template with <code>{reference('NAME')}</code> where values belong. Values come in when it is rendered,
            never before.
          </>
        }
      />
      {shown === undefined ? (
        <Loading />
      ) : (
        <>
          <div className="editor-split">
            <section className="card" aria-label="Template">
              <div className="card-head">
                <h2>Template</h2>
                <span className="hint">
                  Type {'$'}
                  {'{{'} for the names of secrets
                </span>
              </div>
              <Suspense fallback={<Loading />}>
                <Editor
                  text={shown}
                  names={names}
                  onChange={(next) => {
                    draft = next
                    setText(next)
                  }}
                  onFaults={setFaults}
                />
              </Suspense>
            </section>
            <section className="card" aria-label="Preview">
              <div className="card-head">
                <h2>Preview</h2>
                <span className="hint">Values are hidden</span>
              </div>
              <Preview text={shown} names={names} />
            </section>
          </div>
          <div aria-live="polite">
            {faults.length === 0 ? (
              <Note kind="ok">
                {referencesIn(shown).length === 0
                  ? 'No reference to a secret yet.'
                  : 'Every reference leads to a secret.'}
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
          {rights.has('secrets:read') ? <Rendering key={shown} template={shown} /> : null}
        </>
      )}
    </div>
  )
}

function Preview({ text, names }: { readonly text: string; readonly names: readonly string[] | undefined }) {
  const known = new Set(names)
  const parts: React.ReactNode[] = []
  let done = 0
  for (const { from, to, name, kind } of referencesIn(text)) {
    const isBad = kind === 'malformed' || (names !== undefined && !known.has(name))
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

function Rendering({ template }: { readonly template: string }) {
  const [target, setTarget] = useState('')
  const [places, setPlaces] = useState<readonly string[]>([])
  const { shown, reveal, hide } = useReveal(async () => {
    setPlaces([])
    try {
      const { rendered = '' } = await strongroom.render({ template, ...(target === '' ? {} : { target }) })
      return rendered
    } catch (error) {
      if (error instanceof StrongroomError)
        setPlaces(error.errors.map(({ detail }) => detail).filter((detail) => !error.message.includes(detail)))
      throw error
    }
  })
  const rendered = shown.kind === 'shown' ? shown.value : undefined
  const [isVisible, setVisible] = useState(false)
  return (
    <section className="card" aria-label="Render">
      <div className="card-head">
        <h2 className="row">
          <FileCode2 size={16} aria-hidden /> Render
        </h2>
        <span className="hint">Reads every value in it: a record each</span>
      </div>
      <div className="card-pad stack">
        <div className="row" style={{ alignItems: 'end' }}>
          <div style={{ flex: '1 1 220px', maxWidth: 320 }}>
            <Field label="For the machine" value={target} onValue={setTarget} placeholder="web-1" maxLength={255} />
          </div>
          <Button
            look="primary"
            isDisabled={shown.kind === 'loading'}
            onPress={() => {
              setVisible(false)
              void reveal()
            }}
          >
            <Play size={14} aria-hidden />
            {shown.kind === 'loading' ? 'Rendering…' : 'Render with values'}
          </Button>
        </div>
        {shown.kind === 'failed' ? (
          <Note kind="bad">
            {shown.message}
            <ul>
              {places.map((place) => (
                <li key={place}>{place}</li>
              ))}
            </ul>
          </Note>
        ) : null}
        {rendered === undefined ? null : (
          <>
            <Note kind="ok">It is rendered, and goes away in 30 seconds or when you leave this window.</Note>
            <div className="row">
              <Button small onPress={() => setVisible(!isVisible)}>
                {isVisible ? <EyeOff size={14} aria-hidden /> : <Eye size={14} aria-hidden />}
                {isVisible ? 'Hide' : 'Show'}
              </Button>
              <Button
                small
                onPress={() =>
                  void copyText(async () => rendered, 'The document').catch((error) => setPlaces([sentenceOf(error)]))
                }
              >
                <Copy size={14} aria-hidden />
                Copy
              </Button>
              <Button small onPress={() => download(rendered, 'user-data')}>
                <Download size={14} aria-hidden />
                Download
              </Button>
              <Button small look="quiet" onPress={hide}>
                Done
              </Button>
            </div>
            {isVisible ? (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keys
              <pre className="secret-text" data-value tabIndex={0} role="region" aria-label="Rendered document">
                {rendered}
              </pre>
            ) : null}
          </>
        )}
      </div>
    </section>
  )
}
