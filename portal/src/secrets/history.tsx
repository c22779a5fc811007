/** The versions of a secret: compare two, download one, bring one back, destroy one. Nothing is read before it is asked for. */
import { Download, GitCompareArrows, History, RotateCcw, Trash2 } from 'lucide-react'
import { useMemo } from 'react'
import { type AuditRecord, type Metadata, strongroom, type VersionHead, versionTag } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { StaleAhead } from '../deployments/holders.tsx'
import { useRights } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import { Button } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { Loaded } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { counted } from '../ui/words.ts'
import { useAsOpened } from './as-opened.ts'
import { CompareDialog } from './compare.tsx'
import { useRefreshSecrets, useVersions } from './queries.ts'
import { downloadValue } from './reveal.tsx'

export function HistoryCard({ secret }: { readonly secret: Metadata }) {
  const versions = useVersions(secret.id)
  const authors = useAuthors(secret)
  const { dialog, open } = useDialog()
  return (
    <Card
      title="History"
      icon={History}
      end={<span className="hint">{versions.data === undefined ? '' : counted(versions.data.length, 'version')}</span>}
    >
      <Loaded of={versions} lines={3}>
        {(all) => (
          <ul className="versions">
            {all.map((version, at) => (
              <Version
                key={version.version}
                of={secret}
                version={version}
                before={all.slice(at + 1).find(hasValue)?.version}
                author={authors.get(version.version)}
                onCompare={(first) =>
                  open((close) => (
                    <CompareDialog secret={secret} versions={all.filter(hasValue)} first={first} onClose={close} />
                  ))
                }
                onRestore={() =>
                  open((close) => <RestoreDialog secret={secret} version={version.version} onClose={close} />)
                }
                onDestroy={() =>
                  open((close) => <DestroyDialog secret={secret} version={version.version} onClose={close} />)
                }
              />
            ))}
          </ul>
        )}
      </Loaded>
      {dialog}
    </Card>
  )
}

/** Unless it was destroyed. */
function hasValue({ destroyed_at: destroyed }: VersionHead): boolean {
  return destroyed === undefined
}

function Version({
  of: secret,
  version: { version, created_at: time, destroyed_at: destroyed },
  before,
  author,
  onCompare,
  onRestore,
  onDestroy,
}: {
  readonly of: Metadata
  readonly version: VersionHead
  /** The number of the one before, if it is kept. */
  readonly before: number | undefined
  /** Who made it, as far as the person may know. */
  readonly author: AuditRecord['principal'] | undefined
  readonly onCompare: (pair: readonly [number, number]) => void
  readonly onRestore: () => void
  readonly onDestroy: () => void
}) {
  const rights = useRights()
  const isThere = destroyed === undefined
  const mayRead = isThere && rights.can('secrets:read', secret.name)
  const isCurrent = version === secret.version
  return (
    <li>
      <strong>Version {version}</strong>
      {isCurrent ? <span className="tag ok">current</span> : null}
      {isThere ? null : <span className="tag">destroyed</span>}
      <span className="muted">
        <Ago time={time} />
        {author === undefined ? null : (
          <>
            {' '}
            by <span title={`${author.kind} ${author.id}`}>{author.name}</span>
          </>
        )}
      </span>
      <span className="end">
        {mayRead && before !== undefined ? (
          <Button small look="quiet" onPress={() => onCompare([before, version])}>
            <GitCompareArrows size={14} aria-hidden />
            <span>
              Compare<span className="hide-narrow"> with {before}</span>
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
        {isThere && !isCurrent && rights.can('secrets:write', secret.name) ? (
          <Button small look="quiet" onPress={onRestore}>
            <RotateCcw size={14} aria-hidden />
            Restore
          </Button>
        ) : null}
        {isThere && rights.can('secrets:delete', secret.name) ? (
          <Button small look="quiet" aria-label={`Destroy version ${version}`} onPress={onDestroy}>
            <Trash2 size={14} aria-hidden />
            <span className="hide-narrow">Destroy</span>
          </Button>
        ) : null}
      </span>
    </li>
  )
}

/** Versions that were made so are in the trail. */
const making = ['secret.create', 'secret.update', 'version.restore'] as const

/** Who made which version, for whoever may read the trail. */
function useAuthors({ id, name, version }: Metadata): ReadonlyMap<number, AuditRecord['principal']> {
  const rights = useRights()
  const { data } = useAnswer(
    ['authors', id, version],
    async (options) => {
      const filters = making.map((action) => ({ secret: id, action, outcome: 'ok', limit: 100 }))
      const pages = await Promise.all(filters.map((filter) => strongroom.audit.page(filter, options)))
      return pages.flatMap(({ items }) => items)
    },
    { enabled: rights.can('audit:read', name) },
  )
  return useMemo(
    () =>
      new Map(data?.flatMap(({ object, principal }) => (object?.version == null ? [] : [[object.version, principal]]))),
    [data],
  )
}

function RestoreDialog({
  secret: opened,
  version,
  onClose,
}: {
  readonly secret: Metadata
  readonly version: number
  readonly onClose: () => void
}) {
  const { secret, catchUp } = useAsOpened(opened)
  const { id } = secret
  const refresh = useRefreshSecrets()
  const restore = async () => {
    try {
      await strongroom.secrets.restore(id, version, { ifMatch: versionTag(secret.version) })
    } catch (error) {
      await catchUp(error)
      // What somebody else changed meanwhile is shown behind the message.
      await refresh()
      throw error
    }
    toast(`Version ${version} restored`)
    await refresh()
  }
  return (
    <FormDialog title={`Restore version ${version}`} onClose={onClose} submit="Restore" run={restore}>
      <p className="small">
        Saves the value of version {version} as version {secret.version + 1}. The current value stays in the history.
      </p>
      <StaleAhead secret={secret} />
    </FormDialog>
  )
}

function DestroyDialog({
  secret: { id, name, version: current },
  version,
  onClose,
}: {
  readonly secret: Metadata
  readonly version: number
  readonly onClose: () => void
}) {
  const refresh = useRefreshSecrets()
  const destroy = async () => {
    await strongroom.secrets.destroyVersion(id, version)
    toast(`Version ${version} destroyed`)
    await refresh()
  }
  return (
    <Confirm title={`Destroy version ${version} of ${name}?`} onClose={onClose} submit="Destroy" run={destroy}>
      <p className="small">
        {version === current
          ? 'The current value is deleted permanently: reading the secret fails until a new value is stored.'
          : 'Its value is deleted permanently. The other versions stay.'}{' '}
        This can’t be undone. Backups made before still hold the value.
      </p>
    </Confirm>
  )
}
