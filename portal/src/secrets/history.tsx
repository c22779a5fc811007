/** The versions of a secret: compare two, download one, bring one back. Nothing is read before it is asked for. */
import { Download, GitCompareArrows, History, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { type Metadata, versionTag } from '../../../src/client/index.ts'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { StaleAhead } from '../deployments/holders.tsx'
import { useRights } from '../session/rights.ts'
import { Button } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loading, Note, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { CompareDialog } from './compare.tsx'
import { useRefresh, useVersions } from './queries.ts'
import { downloadValue } from './reveal.tsx'

export function HistoryCard({ secret }: { readonly secret: Metadata }) {
  const { data: versions, error, refetch } = useVersions(secret.id)
  const rights = useRights()
  const [compared, setCompared] = useState<readonly [number, number]>()
  const [restored, setRestored] = useState<number>()
  const mayRead = rights.can('secrets:read', secret.name)
  const mayWrite = rights.can('secrets:write', secret.name)
  return (
    <section className="card" aria-labelledby="history-title">
      <div className="card-head">
        <h2 id="history-title">
          <span className="row">
            <History size={16} aria-hidden /> History
          </span>
        </h2>
        <span className="hint">{versions === undefined ? '' : `${versions.length} kept`}</span>
      </div>
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {versions === undefined && error === null ? <Loading lines={3} /> : null}
      <ul className="versions">
        {versions?.map(({ version, created_at: createdAt }, at) => {
          const before = versions[at + 1]
          return (
            <li key={version}>
              <strong>Version {version}</strong>
              {version === secret.version ? <span className="tag ok">current</span> : null}
              <span className="muted">
                <Ago time={createdAt} />
              </span>
              <span className="end">
                {mayRead && before !== undefined ? (
                  <Button small look="quiet" onPress={() => setCompared([before.version, version])}>
                    <GitCompareArrows size={14} aria-hidden />
                    <span>
                      Compare<span className="hide-narrow"> with {before.version}</span>
                    </span>
                  </Button>
                ) : null}
                {mayRead && secret.type === 'file' ? (
                  <Button
                    small
                    look="quiet"
                    aria-label={`Download version ${version}`}
                    onPress={() => void downloadValue(secret, version)}
                  >
                    <Download size={14} aria-hidden />
                    <span className="hide-narrow">Download</span>
                  </Button>
                ) : null}
                {mayWrite && version !== secret.version ? (
                  <Button small look="quiet" onPress={() => setRestored(version)}>
                    <RotateCcw size={14} aria-hidden />
                    Restore
                  </Button>
                ) : null}
              </span>
            </li>
          )
        })}
      </ul>
      {compared === undefined || versions === undefined ? null : (
        <CompareDialog secret={secret} versions={versions} first={compared} onClose={() => setCompared(undefined)} />
      )}
      <RestoreDialog key={restored} secret={secret} version={restored} onClose={() => setRestored(undefined)} />
    </section>
  )
}

function RestoreDialog({
  secret,
  version,
  onClose,
}: {
  readonly secret: Metadata
  readonly version: number | undefined
  readonly onClose: () => void
}) {
  const refresh = useRefresh()
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const restore = async (from: number) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      await act(() => strongroom.secrets.restore(secret.id, from, { ifMatch: versionTag(secret.version) }))
      toast(`${secret.name} has the value of version ${from} again`)
      await refresh()
      onClose()
    } catch (error) {
      if (!(error instanceof Cancelled)) setTrouble(sentenceOf(error))
      // What somebody else changed meanwhile is shown behind the message.
      await refresh()
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog title={`Restore version ${version ?? ''}`} isOpen={version !== undefined} onClose={onClose}>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      <p className="small">
        The value of version {version} is stored again, as version {secret.version + 1}. Nothing is lost: the current
        value stays in the history.
      </p>
      {version === undefined ? null : <StaleAhead secret={secret} />}
      <div className="actions">
        <Button onPress={onClose}>Cancel</Button>
        <Button look="primary" isDisabled={isBusy} onPress={() => void (version !== undefined && restore(version))}>
          Restore
        </Button>
      </div>
    </Dialog>
  )
}
