/** Rendering the template with values, for whoever hands the document over themselves. */
import { Copy, Download, Eye, EyeOff, FileCode2, Play } from 'lucide-react'
import { useEffect, useState } from 'react'
import { StrongroomError } from '../../../src/client/index.ts'
import { sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { useRefreshDeployments } from '../deployments/queries.ts'
import { download } from '../secrets/content.ts'
import { useReveal } from '../secrets/value.ts'
import { Button, Field } from '../ui/controls.tsx'
import { copyText } from '../ui/copy.tsx'
import { Note } from '../ui/states.tsx'

export function Rendering({ template }: { readonly template: string }) {
  const [target, setTarget] = useState('')
  const [places, setPlaces] = useState<readonly string[]>([])
  const refreshDeployments = useRefreshDeployments()
  const { shown, reveal, hide } = useReveal(async () => {
    setPlaces([])
    try {
      const { rendered = '' } = await strongroom.render({ template, ...(target === '' ? {} : { target }) })
      if (target !== '') await refreshDeployments()
      return rendered
    } catch (error) {
      if (error instanceof StrongroomError)
        setPlaces(error.errors.map(({ detail }) => detail).filter((detail) => !error.message.includes(detail)))
      throw error
    }
  })
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is shown is of another template now
  useEffect(() => {
    hide()
    setPlaces([])
  }, [template, hide])
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
