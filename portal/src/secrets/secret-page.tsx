/** One secret: its value behind an eye, its history, what is known of it, who has read it. */
import { Pencil, RefreshCw, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { Link, useLocation } from 'wouter'
import { type Metadata, versionTag } from '../../../src/client/index.ts'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { HoldersCard, StaleAhead } from '../deployments/holders.tsx'
import { useRights } from '../session/rights.ts'
import { Button, Field } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loading, Note, PageHead, Trouble } from '../ui/states.tsx'
import { Ago, Expiry } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { ChangeValueDialog } from './change-value.tsx'
import { EditDetailsDialog } from './edit-details.tsx'
import { HistoryCard } from './history.tsx'
import { useRefresh, useSecret } from './queries.ts'
import { ReadersCard } from './readers.tsx'
import { CurrentValue } from './reveal.tsx'

export function SecretPage({ id }: { readonly id: number | undefined }) {
  const { data: secret, error, refetch } = useSecret(id)
  const rights = useRights()
  const [open, setOpen] = useState<'value' | 'details' | 'delete'>()
  if (id === undefined || (error !== null && secret === undefined)) {
    return (
      <div className="page">
        <PageHead title="Secret" />
        <Trouble error={error ?? new Error('The address has no number of a secret.')} onRetry={() => void refetch()} />
      </div>
    )
  }
  if (secret === undefined) {
    return (
      <div className="page">
        <Loading label="Loading the secret" />
      </div>
    )
  }
  const mayRead = rights.can('secrets:read', secret.name)
  const mayWrite = rights.can('secrets:write', secret.name)
  const mayDelete = rights.can('secrets:delete', secret.name)
  const close = () => setOpen(undefined)
  return (
    <div className="page">
      <nav className="crumbs" aria-label="Where this is">
        <Link href="/secrets">Secrets</Link> <span aria-hidden>/</span>{' '}
        <Link href={`/secrets?list=${encodeURIComponent(secret.list.name)}`}>{secret.list.name}</Link>
      </nav>
      <PageHead title={secret.name} about={secret.description === '' ? undefined : secret.description}>
        {mayWrite ? (
          <>
            <Button onPress={() => setOpen('details')}>
              <Pencil size={14} aria-hidden />
              Edit
            </Button>
            <Button look="primary" onPress={() => setOpen('value')}>
              <RefreshCw size={14} aria-hidden />
              New value
            </Button>
          </>
        ) : null}
      </PageHead>
      <div className="split">
        <div className="stack">
          <section className="card" aria-labelledby="value-title">
            <div className="card-head">
              <h2 id="value-title">Value</h2>
              <span className="hint">Version {secret.version}</span>
            </div>
            <div className="card-pad">
              {mayRead ? <CurrentValue secret={secret} /> : <Note>Your role does not include reading this value.</Note>}
            </div>
          </section>
          <HoldersCard secret={secret} />
          <HistoryCard secret={secret} />
          {rights.hasAll('audit:read') ? <ReadersCard secret={secret} /> : null}
        </div>
        <aside className="card" aria-label="What is known of it">
          <div className="card-pad">
            <Facts secret={secret} />
          </div>
          {mayDelete ? (
            <div className="card-head" style={{ borderTop: '1px solid var(--line)', borderBottom: 0 }}>
              <Button look="quiet bad" small onPress={() => setOpen('delete')}>
                <Trash2 size={14} aria-hidden />
                Delete secret
              </Button>
            </div>
          ) : null}
        </aside>
      </div>
      <ChangeValueDialog secret={secret} isOpen={open === 'value'} onClose={close} />
      <EditDetailsDialog secret={secret} isOpen={open === 'details'} onClose={close} />
      {open === 'delete' ? <DeleteDialog secret={secret} onClose={close} /> : null}
    </div>
  )
}

function Facts({ secret }: { readonly secret: Metadata }) {
  return (
    <dl className="facts" style={{ gridTemplateColumns: '72px 1fr' }}>
      <dt>List</dt>
      <dd>{secret.list.name}</dd>
      <dt>Type</dt>
      <dd>{secret.type === 'file' ? `File${secret.filename === null ? '' : `, ${secret.filename}`}` : 'Text'}</dd>
      <dt>Expires</dt>
      <dd>
        <Expiry time={secret.expires_at} />
      </dd>
      <dt>Tags</dt>
      <dd>
        {secret.tags.length === 0 ? (
          <span className="muted">None</span>
        ) : (
          <span className="row" style={{ gap: 4 }}>
            {secret.tags.map((tag) => (
              <Link key={tag} className="tag" href={`/secrets?tag=${encodeURIComponent(tag)}`}>
                {tag}
              </Link>
            ))}
          </span>
        )}
      </dd>
      <dt>Updated</dt>
      <dd>
        <Ago time={secret.updated_at} />
      </dd>
      <dt>Created</dt>
      <dd>
        <Ago time={secret.created_at} />
      </dd>
      <dt>Id</dt>
      <dd className="mono">{secret.id}</dd>
    </dl>
  )
}

function DeleteDialog({ secret, onClose }: { readonly secret: Metadata; readonly onClose: () => void }) {
  const [typed, setTyped] = useState('')
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const [, navigate] = useLocation()
  const refresh = useRefresh()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (typed !== secret.name) return
    setBusy(true)
    setTrouble(undefined)
    try {
      await act(() => strongroom.secrets.delete(secret.id, { ifMatch: versionTag(secret.version) }))
      toast(`${secret.name} is deleted`)
      navigate('/secrets')
      await refresh()
    } catch (error) {
      setBusy(false)
      if (!(error instanceof Cancelled)) setTrouble(sentenceOf(error))
      // Somebody may have changed it: the next try is upon what it is now.
      await refresh()
    }
  }
  return (
    <Dialog title={`Delete ${secret.name}?`} isOpen onClose={onClose} isAlert>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
        <p className="small">
          Every version and the key that it is sealed with are destroyed. This cannot be undone. Programs that ask for
          it will fail.
        </p>
        <StaleAhead secret={secret} isDeletion />
        <Field
          label="Type its name to confirm"
          value={typed}
          onValue={setTyped}
          placeholder={secret.name}
          autoComplete="off"
          spellCheck={false}
          autoFocus
        />
        <div className="actions">
          <Button onPress={onClose}>Cancel</Button>
          <Button type="submit" look="danger" isDisabled={isBusy || typed !== secret.name}>
            Delete for good
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
