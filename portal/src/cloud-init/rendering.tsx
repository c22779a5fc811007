/** Rendering the template with values, for whoever hands the document over themselves. */
import { Copy, Download, Eye, EyeOff, FileCode2, Play } from 'lucide-react'
import { useEffect, useState } from 'react'
import { StrongroomError, strongroom } from '../api/client.ts'
import { useRefreshDeployments } from '../deployments/queries.ts'
import { useReveal } from '../secrets/value.ts'
import { Card } from '../ui/card.tsx'
import { Button, Field } from '../ui/controls.tsx'
import { copy } from '../ui/copy.tsx'
import { download } from '../ui/download.ts'
import { Note } from '../ui/states.tsx'

export function Rendering({ template }: { readonly template: string }) {
  const [target, setTarget] = useState('')
  const { shown, reveal, hide, places } = useRendered(template, target)
  return (
    <Card title="Render" icon={FileCode2} end={<span className="hint">Each value read is logged</span>} isPadded>
      <div className="row to-end">
        <div className="grow-field">
          <Field label="Machine" value={target} onValue={setTarget} placeholder="web-1" maxLength={255} />
        </div>
        <Button look="primary" isDisabled={shown.kind === 'loading'} onPress={() => void reveal()}>
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
      {shown.kind === 'shown' ? <Rendered text={shown.value} onDone={hide} /> : null}
    </Card>
  )
}

/** The document with the values in it; `places` are where in the template something is wrong. */
function useRendered(template: string, target: string) {
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
  return { shown, reveal, hide, places }
}

function Rendered({ text, onDone }: { readonly text: string; readonly onDone: () => void }) {
  const [isVisible, setVisible] = useState(false)
  return (
    <>
      <Note kind="ok">Rendered. Disappears in 30 seconds, or when you leave this window.</Note>
      <div className="row">
        <Button small onPress={() => setVisible(!isVisible)}>
          {isVisible ? <EyeOff size={14} aria-hidden /> : <Eye size={14} aria-hidden />}
          {isVisible ? 'Hide' : 'Show'}
        </Button>
        <Button small onPress={() => void copy(async () => text, 'The document')}>
          <Copy size={14} aria-hidden />
          Copy
        </Button>
        <Button small onPress={() => download(text, 'user-data')}>
          <Download size={14} aria-hidden />
          Download
        </Button>
        <Button small look="quiet" onPress={onDone}>
          Done
        </Button>
      </div>
      {isVisible ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keys
        <pre className="secret-text" data-value tabIndex={0} role="region" aria-label="Rendered document">
          {text}
        </pre>
      ) : null}
    </>
  )
}
