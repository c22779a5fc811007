/** API keys: what programs sign in with. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound, Plus, RotateCcw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { ApiKey, IssuedApiKey } from '../../../src/client/index.ts'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Checkbox, IconButton, Select } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { MadeChoice } from '../ui/made.tsx'
import { Empty, Loading, Note, PageHead, Trouble } from '../ui/states.tsx'
import { Ago, Expiry, expiryOf } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { NewKeyDialog } from './new-key.tsx'
import { scopeText } from './scopes.ts'

type Open = { readonly kind: 'new' } | { readonly kind: 'rotate' | 'revoke'; readonly key: ApiKey }

export function KeysPage() {
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: ['keys'],
    queryFn: ({ signal }) => read(() => Array.fromAsync(strongroom.keys.list({ signal }))),
  })
  const [open, setOpen] = useState<Open>()
  const [issued, setIssued] = useState<IssuedApiKey>()
  const [showsOld, setShowsOld] = useState(false)
  const isOld = ({ revoked_at, expires_at }: ApiKey) => revoked_at !== null || expiryOf(expires_at) === 'expired'
  const keys = data?.filter((key) => showsOld || !isOld(key))
  const old = data?.filter(isOld).length ?? 0
  const refresh = () => cache.invalidateQueries({ queryKey: ['keys'] })
  const close = () => setOpen(undefined)
  const onIssued = async (key: IssuedApiKey) => {
    setIssued(key)
    await refresh()
  }
  return (
    <div className="page">
      <PageHead title="API keys" about="Programs sign in with a key. Give each its own, with no more than it needs.">
        <Button look="primary" onPress={() => setOpen({ kind: 'new' })} data-new>
          <Plus size={14} aria-hidden />
          New key
        </Button>
      </PageHead>
      <section className="card" aria-label="API keys">
        {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
        {data === undefined && error === null ? <Loading /> : null}
        {old > 0 ? (
          <div className="card-head">
            <Checkbox isSelected={showsOld} onChange={setShowsOld}>
              Show revoked and expired keys ({old})
            </Checkbox>
          </div>
        ) : null}
        {keys?.length === 0 ? (
          <Empty icon={KeyRound} title="No key in use">
            Make one for each program: it can be narrowed to names such as prod-*, to networks, and to a time.
          </Empty>
        ) : null}
        <ul className="items">
          {keys?.map((key) => (
            <li key={key.id}>
              <div className="item-main">
                <div className="row">
                  <strong className="break">{key.name}</strong>
                  {key.revoked_at !== null ? (
                    <span className="tag bad">revoked</span>
                  ) : key.expires_at !== null ? (
                    <Expiry time={key.expires_at} />
                  ) : null}
                </div>
                <ul className="row scopes" aria-label="Scopes">
                  {key.scopes.map((scope) => (
                    <li key={scope} className="tag" title={scope}>
                      {scopeText(scope)}
                    </li>
                  ))}
                </ul>
                <p className="hint">
                  {key.last_used_at === null ? (
                    'Never used'
                  ) : (
                    <>
                      Used <Ago time={key.last_used_at} />
                    </>
                  )}
                  {' · '}made <Ago time={key.created_at} />
                  {makerText(key, data ?? [])}
                  {key.networks.length === 0 ? ' · from anywhere' : ` · from ${key.networks.join(', ')}`} · id {key.id}
                </p>
              </div>
              {isOld(key) ? null : (
                <div className="item-end">
                  <Button small onPress={() => setOpen({ kind: 'rotate', key })} aria-label={`Rotate ${key.name}`}>
                    <RotateCcw size={14} aria-hidden />
                    Rotate
                  </Button>
                  <IconButton
                    label={`Revoke ${key.name}`}
                    small
                    look="quiet bad"
                    onPress={() => setOpen({ kind: 'revoke', key })}
                  >
                    <Trash2 size={14} aria-hidden />
                  </IconButton>
                </div>
              )}
            </li>
          ))}
        </ul>
      </section>
      {open?.kind === 'new' ? <NewKeyDialog onClose={close} onIssued={onIssued} /> : null}
      {open?.kind === 'rotate' ? <RotateDialog of={open.key} onClose={close} onIssued={onIssued} /> : null}
      {open?.kind === 'revoke' ? <RevokeDialog of={open.key} onClose={close} onRevoked={refresh} /> : null}
      <Dialog title="Your new key" isOpen={issued !== undefined} onClose={() => undefined} isFirm>
        {issued === undefined ? null : (
          <div className="stack">
            <Note kind="warn">It is shown this once. Put it where the program finds it, then close this.</Note>
            <CopyOnce text={issued.api_key} what="The key" />
            <div className="actions">
              <Button look="primary" onPress={() => setIssued(undefined)}>
                I have kept it
              </Button>
            </div>
          </div>
        )}
      </Dialog>
    </div>
  )
}

/** Such as ` by ada@example.com`, and whether a key that made it is still in use. */
function makerText({ created_by: maker }: ApiKey, keys: readonly ApiKey[]): string {
  if (maker === null) return ''
  if (maker.kind === 'host') return ' on the server’s host'
  if (maker.kind === 'workload') return ` for a job, under trust rule ${maker.id}`
  if (maker.kind !== 'key') return ` by ${maker.name}`
  const isRevoked = keys.some(({ id, revoked_at }) => id === maker.id && revoked_at !== null)
  return ` with the key ${maker.name} (id ${maker.id}${isRevoked ? ', revoked' : ''})`
}

function RevokeDialog({
  of: key,
  onClose,
  onRevoked,
}: {
  readonly of: ApiKey
  readonly onClose: () => void
  readonly onRevoked: () => Promise<unknown>
}) {
  const [cascade, setCascade] = useState(false)
  return (
    <FormDialog
      title={`Revoke ${key.name}?`}
      isOpen
      isBad
      onClose={onClose}
      submit="Revoke"
      run={async () => {
        await strongroom.keys.revoke(key.id, { cascade })
        toast(`${key.name} is revoked${cascade ? ', with what it made' : ''}`)
        await onRevoked()
      }}
    >
      <p className="small">At once and for good, on every node. Whoever still uses it is refused. Its seeds end too.</p>
      <MadeChoice
        who="This key"
        of={`key ${key.id}`}
        load={() => strongroom.keys.made(key.id)}
        isEnding={cascade}
        onEnding={setCascade}
      />
    </FormDialog>
  )
}

const overlaps = [
  { id: '0', label: 'None: the old key ends at once' },
  { id: '3600', label: 'One hour' },
  { id: '86400', label: 'One day' },
  { id: '604800', label: 'One week' },
  { id: '2592000', label: '30 days' },
] as const

function RotateDialog({
  of: key,
  onClose,
  onIssued,
}: {
  readonly of: ApiKey
  readonly onClose: () => void
  readonly onIssued: (key: IssuedApiKey) => Promise<void>
}) {
  const [overlap, setOverlap] = useState<(typeof overlaps)[number]['id']>('3600')
  return (
    <FormDialog
      title={`Rotate ${key.name}`}
      isOpen
      onClose={onClose}
      submit="Make the new key"
      run={async () => onIssued(await strongroom.keys.rotate(key.id, { overlap_seconds: Number(overlap) }))}
    >
      <p className="small">
        A new key with the same rights. The old one stays good for a while, so that nothing stops.
      </p>
      <Select label="The old key stays good for" value={overlap} choices={overlaps} onChoose={setOverlap} />
    </FormDialog>
  )
}
